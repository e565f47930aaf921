using System.Text.RegularExpressions;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Looks at what the server says of how it carries out a statement.</summary>
internal static partial class Plans
{
    /// <summary>
    /// Where it goes through a whole index of a table that may be large. Only of jobs in the order of their times may it take the
    /// first without being told where to begin.
    /// </summary>
    public static IEnumerable<string> WithoutCondition(string plan) => Whole().Matches(plan).Select(match => match.Value.Trim());

    [GeneratedRegex(@"(Index Scan|Index Only Scan) using (?!jobs_due|jobs_expiring)\w+ on (jobs|history|attempts|dependencies|batches|log|log_places)\b[^\n]*\n(?!\s+Index Cond:)|Bitmap Index Scan on (jobs|history|attempts|dependencies|batches|log|log_places)_\w+[^\n]*\n(?!\s+Index Cond:)")]
    private static partial Regex Whole();
}
