namespace Steadwork;

/// <summary>
/// A circuit breaker: it stands for something outside that handlers depend on. Once too many of their calls fail, none of
/// the jobs that depend on it is claimed until a while has gone by; then a few are let through, and what becomes of these decides.
/// </summary>
/// <param name="Name">Its name, by which job types say that they depend on it.</param>
public sealed record BreakerDefinition(string Name)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromDays(1);

    /// <summary>From which share of failed calls on it opens. Default 0.5; above 0, 1 at the most.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Of what time the calls are looked at. Default 30 s; 100 ms to 1 day.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>With fewer calls in that time it stays closed. Default 10; 1 to 1,000,000.</summary>
    public int MinimumCalls { get; set; } = 10;

    /// <summary>How long it stays open before some are let through. Default 30 s; 100 ms to 1 day.</summary>
    public TimeSpan BreakTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many are let through then, all of which must succeed for it to close. Default 1; 1 to 1,000.</summary>
    public int Probes { get; set; } = 1;

    /// <summary>Which exceptions speak of the dependency, as opposed to the job itself. Default null: all. Time-outs always do, and a <see cref="PermanentFailureException"/> never. It is not kept in the store.</summary>
    public Func<Exception, bool>? Counts { get; set; }

    /// <summary>Into how many segments the window is divided: a call is forgotten with its segment.</summary>
    internal const int Segments = 10;

    /// <summary>The number of the segment that a time is in.</summary>
    internal long SegmentAt(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / (long)(Window.TotalMilliseconds / Segments);

    /// <summary>Why it is refused, in one sentence that says what would be right; null when it is welcome.</summary>
    public string? Refusal() =>
        NewJobRules.NameRefusal("breaker", Name)
        ?? (FailureRatio is > 0 and <= 1 ? null : $"A failure ratio of {FailureRatio} is out of range; it goes from above 0 to 1.")
        ?? Range("window", Window)
        ?? Range("break", BreakTime)
        ?? (MinimumCalls is < 1 or > 1_000_000 ? $"A minimum of {MinimumCalls:N0} calls is out of range; it goes from 1 to 1,000,000." : null)
        ?? (Probes is < 1 or > 1000 ? $"{Probes:N0} probes is out of range; it goes from 1 to 1,000." : null);

    private static string? Range(string what, TimeSpan time) =>
        time < Shortest || time > Longest ? $"A {what} of {time} is out of range; it goes from {Shortest.TotalMilliseconds:0} ms to {Longest.TotalDays:0} day." : null;
}
