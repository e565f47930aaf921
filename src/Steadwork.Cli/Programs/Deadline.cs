using System.Diagnostics;

namespace Steadwork.Cli.Programs;

/// <summary>A moment of the monotonic clock, or never.</summary>
internal readonly struct Deadline
{
    private readonly long _start;
    private readonly TimeSpan? _limit;

    private Deadline(TimeSpan? limit)
    {
        _start = Stopwatch.GetTimestamp();
        _limit = limit;
    }

    public static Deadline In(TimeSpan? limit) => new(limit);

    public bool HasPassed => Left <= TimeSpan.Zero;

    public TimeSpan Left => _limit is { } limit ? limit - Stopwatch.GetElapsedTime(_start) : TimeSpan.MaxValue;

    /// <summary>For poll: rounded up, or the last millisecond would be spent spinning; -1 is never.</summary>
    public int Milliseconds => _limit is null ? -1 : (int)Math.Clamp(Math.Ceiling(Left.TotalMilliseconds), 0, int.MaxValue);
}
