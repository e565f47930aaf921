namespace Steadwork.Storage;

/// <summary>Times in a store are UTC in whole milliseconds.</summary>
internal static class Times
{
    public static DateTimeOffset Whole(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    public static DateTimeOffset? Whole(DateTimeOffset? time) => time is { } some ? Whole(some) : null;

    public static TimeSpan? Whole(TimeSpan? span) => span is { } some ? TimeSpan.FromMilliseconds((long)some.TotalMilliseconds) : null;

    /// <summary>Until when a job is worth beginning that is enqueued now; null for ever.</summary>
    public static DateTimeOffset? ExpiryOf(NewJob job, DateTimeOffset now) => Whole(job.ExpiresAt) ?? Whole(now) + Whole(job.ExpiresIn);
}
