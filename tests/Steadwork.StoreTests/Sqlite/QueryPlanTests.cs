using System.Text;
using System.Text.RegularExpressions;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>How SQLite carries out its statements, which must not slow down with the number of jobs.</summary>
public sealed partial class QueryPlanTests
{
    /// <summary>What reads or fills whole tables on purpose, once: a copy of the store; and what is only the beginning of a statement.</summary>
    private static bool IsCold(string name) => name.StartsWith("copied-", StringComparison.Ordinal) || name.StartsWith("fill-", StringComparison.Ordinal) || name is "count-lanes" or "find-jobs";

    private static readonly string[] Hot = [.. SqlText.Names.Where(name => !IsCold(name)).Order(StringComparer.Ordinal)];

    // These have a row for each thing that somebody has set up, or for each process; the others one for each job, attempt, key or event.
    private static readonly string[] Small = ["workers", "lanes", "pauses", "schedules", "limits", "breakers", "breaker_types", "sqlite_sequence"];

    [Fact]
    public async Task The_plans_are_the_approved_ones()
    {
        await using var fixture = new SqliteFixture();
        using var database = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));

        var plans = new StringBuilder();
        foreach (var name in Hot)
            plans.Append(name).Append('\n').Append(PlanOf(database, name)).Append('\n');

        Approved.Matches("query-plans.txt", plans.ToString());
    }

    [Theory]
    [MemberData(nameof(HotStatements))]
    public async Task No_statement_sorts_or_scans_what_grows_with_the_jobs(string name)
    {
        await using var fixture = new SqliteFixture();
        using var database = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));

        var plan = PlanOf(database, name);

        plan.ShouldNotContain("USE TEMP B-TREE");
        // The first row of an order is all that it reads.
        if (name is not "take-parent")
            Scans().Matches(plan).Select(scan => scan.Groups[1].Value).Except(Small).ShouldBeEmpty(plan);
    }

    public static TheoryData<string> HotStatements => [.. Hot];

    private static string PlanOf(Database database, string name)
    {
        using var explained = database.Prepare("EXPLAIN QUERY PLAN " + SqlText.Of(name));
        var depths = new Dictionary<long, int> { [0] = 0 };
        var lines = explained.All(row =>
        {
            var depth = depths[row.Long(0)] = depths[row.Long(1)] + 1;
            return new string(' ', 2 * depth) + row.Text(3) + "\n";
        });
        return string.Concat(lines);
    }

    [GeneratedRegex(@"SCAN (?!CONSTANT ROW|json_each )(\w+)")]
    private static partial Regex Scans();
}
