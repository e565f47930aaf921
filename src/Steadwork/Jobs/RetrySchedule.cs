namespace Steadwork;

/// <summary>How long a failed job waits before its next attempt: exponential growth up to a cap, with full jitter.</summary>
/// <remarks>
/// The wait before attempt n + 1 is drawn evenly from [a tenth of <see cref="Base"/>, min(<see cref="Cap"/>, Base × 2^(n−1))].
/// Jitter is drawn inside the cap, so that clients which failed together do not meet again at the maximum
/// ("full jitter" of M. Brooker, <i>Exponential Backoff and Jitter</i>, AWS Architecture Blog, 2015); the lower bound
/// keeps a first retry from coming at once.
/// </remarks>
public sealed record RetrySchedule
{
    /// <summary>The ceiling of the first wait. Default 1 s; zero retries at once.</summary>
    public TimeSpan Base { get; init => field = NotNegative(value, nameof(Base)); } = TimeSpan.FromSeconds(1);

    /// <summary>The ceiling of every wait. Default 300 s.</summary>
    public TimeSpan Cap { get; init => field = NotNegative(value, nameof(Cap)); } = TimeSpan.FromSeconds(300);

    /// <summary>1 s doubling up to 300 s.</summary>
    public static RetrySchedule Default { get; } = new();

    /// <summary>The wait after the given number of counted failures.</summary>
    /// <param name="failures">How many attempts have failed, this one included; at least 1.</param>
    /// <param name="chance">A draw from [0, 1).</param>
    public TimeSpan DelayAfter(int failures, double chance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var ceiling = Math.Min(Cap.TotalMilliseconds, Base.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 60)));
        var floor = Math.Min(Base.TotalMilliseconds / 10, ceiling);
        return TimeSpan.FromMilliseconds(Math.Round(floor + chance * (ceiling - floor)));
    }

    private static TimeSpan NotNegative(TimeSpan value, string name) =>
        value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(name, value, "A retry delay cannot be negative.");
}
