namespace Steadwork;

/// <summary>What holds for all jobs of one type unless a job says otherwise.</summary>
public sealed class JobTypeOptions
{
    /// <summary>How many attempts may fail or crash before a job is failed. Default 3; 1 to 1000.</summary>
    public int MaxAttempts
    {
        get;
        set => field = value is >= 1 and <= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Attempts go from 1 to 1000.");
    } = Defaults.MaxAttempts;

    /// <summary>The waits between attempts. Default: 1 s doubling up to 300 s, with full jitter.</summary>
    public RetrySchedule Retry { get; set; } = RetrySchedule.Default;

    /// <summary>How long one attempt may take. Default null: as long as it likes.</summary>
    public TimeSpan? Timeout
    {
        get;
        set => field = value is null || value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout must be longer than zero.");
    }

    /// <summary>The queue of jobs that name none. Default <c>default</c>.</summary>
    public string Queue { get; set; } = Defaults.Queue;
}
