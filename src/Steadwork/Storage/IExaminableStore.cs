using System.Text.RegularExpressions;

namespace Steadwork.Storage;

/// <summary>How a store fares in one respect.</summary>
public enum FindingLevel
{
    /// <summary>All is well.</summary>
    Pass,

    /// <summary>It works, but will not stay as fast or as safe as it should be.</summary>
    Warn,

    /// <summary>Something is broken.</summary>
    Fail,
}

/// <summary>What an examination has found in one respect.</summary>
/// <param name="Name">What was looked at, a word such as <c>snapshot</c>.</param>
/// <param name="Level">How it fares.</param>
/// <param name="Text">One sentence for people; where something is wrong, with what would mend it.</param>
public sealed record Finding(string Name, FindingLevel Level, string Text);

/// <summary>A store that can be looked at for what slows it down or endangers it.</summary>
public interface IExaminableStore
{
    /// <summary>Looks at everything that is known to go wrong; changes nothing.</summary>
    Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken);
}

/// <summary>What migrations make, read from their own text: nothing that must be there has to be listed twice.</summary>
internal static partial class Migrated
{
    /// <summary>The names of the indexes that these migrations make.</summary>
    public static IReadOnlyList<string> Indexes(IEnumerable<string> migrations) =>
        [.. migrations.SelectMany(text => CreateIndex().Matches(text)).Select(match => match.Groups["name"].Value)];

    [GeneratedRegex(@"CREATE (UNIQUE )?INDEX (?<name>\w+)")]
    private static partial Regex CreateIndex();
}
