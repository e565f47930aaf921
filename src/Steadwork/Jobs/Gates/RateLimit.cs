namespace Steadwork;

/// <summary>What a rate limit is set for.</summary>
public enum LimitScope
{
    /// <summary>The jobs of a queue.</summary>
    Queue,

    /// <summary>The jobs of a type, in whatever queue.</summary>
    Type,

    /// <summary>The jobs that bear an exclusive key, or each key that begins in a certain way.</summary>
    Key,
}

/// <summary>
/// How many jobs may begin within a time, over all workers together. It holds for any stretch of that length, not only
/// for those that begin on the hour: what has begun counts until the whole period has gone by.
/// </summary>
/// <remarks>
/// Of a queue or type what a worker claims counts, some tenths of a second before it begins; what it gives back without having begun
/// counts no more. Of an exclusive key a job counts when it gets its place behind the key: one that then has to wait for something else,
/// such as a paused queue, has counted already. A retry of a job that has kept its place is not held back, but counts.
/// </remarks>
/// <param name="Scope">What it is set for.</param>
/// <param name="Name">The queue, the job type or the exclusive key. A key that ends in <c>*</c> stands for every key that begins with what is before it, each with a limit of its own; the longest that fits counts.</param>
/// <param name="Starts">How many; 1 to 1,000,000.</param>
/// <param name="Period">Within what time, in whole milliseconds; from 100 ms to 366 days.</param>
public sealed record RateLimit(LimitScope Scope, string Name, int Starts, TimeSpan Period)
{
    private const int MostStarts = 1_000_000;
    private const char Any = '*';
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromDays(366);

    // What begins closer together than this nobody can tell apart: so many at once are as smooth.
    private const int SmoothMilliseconds = 50;

    // A period is told apart into so many parts: a limit of a million has a hundred things to remember, not a million.
    private const int Parts = 100;

    /// <summary>Whether the starts are spread evenly over the period; else they may come at once. Default false.</summary>
    public bool Smooth { get; init; }

    /// <summary>How many starts are let through within <see cref="Within"/>: for a smooth limit a part of the whole.</summary>
    internal int Most => Smooth ? (int)Math.Max(1, (long)Starts * SmoothMilliseconds / Milliseconds) : Starts;

    /// <summary>How long a start counts, in milliseconds.</summary>
    internal long Within => Smooth ? Up(Milliseconds * Most, Starts) : Milliseconds;

    /// <summary>To a multiple of how many milliseconds the end of that is rounded up.</summary>
    internal long Grain => Most <= Parts ? 1 : Up(Within, Parts);

    private long Milliseconds => (long)Period.TotalMilliseconds;

    /// <summary>Until when a start at a time counts.</summary>
    internal DateTimeOffset Until(DateTimeOffset start) => DateTimeOffset.FromUnixTimeMilliseconds(Up(start.ToUnixTimeMilliseconds() + Within, Grain) * Grain);

    /// <summary>Until when anything counts at the most that counts now: more was written down by a clock that has been set back since, or under a longer period, and counts no more.</summary>
    internal DateTimeOffset Latest(DateTimeOffset now) => Until(now + GateClock.Slack);

    /// <summary>Until when a key can be held by its limit at the most; null when there is none for any.</summary>
    internal static DateTimeOffset? LatestOfKeys(IEnumerable<RateLimit> limits, DateTimeOffset now) =>
        limits.Where(limit => limit.Scope is LimitScope.Key).Max(limit => (DateTimeOffset?)limit.Latest(now));

    /// <summary>Why it is refused, in one sentence that says what would be right; null when it is welcome.</summary>
    public string? Refusal() =>
        NewJobRules.NameRefusal(Scope switch { LimitScope.Queue => "queue", LimitScope.Type => "job type", _ => "exclusive key" }, Name)
        ?? (Starts is < 1 or > MostStarts ? $"{Starts:N0} starts is out of range; it goes from 1 to {MostStarts:N0}." : null)
        ?? (Period < Shortest || Period > Longest ? $"A period of {Period} is out of range; it goes from {Shortest.TotalMilliseconds:0} ms to {Longest.TotalDays:0} days." : null)
        ?? (Period.Ticks % TimeSpan.TicksPerMillisecond != 0 ? "A period is a whole number of milliseconds." : null);

    /// <summary>Of the limits for keys the one that counts for a key; null when none does.</summary>
    internal static RateLimit? Of(IEnumerable<RateLimit> limits, string key) =>
        limits.Where(limit => limit.Scope is LimitScope.Key && limit.Fits(key)).MaxBy(limit => (limit.Name == key, limit.Name.Length));

    private static long Up(long number, long by) => (number + by - 1) / by;

    private bool Fits(string key) => Name == key || (Name[^1] == Any && key.StartsWith(Name[..^1], StringComparison.Ordinal));
}
