namespace Steadwork;

/// <summary>What a schedule says for itself.</summary>
public sealed class ScheduleOptions
{
    /// <summary>The time zone of a cron line, by its IANA name such as <c>Europe/Berlin</c>. Default <c>UTC</c>. An interval has none.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>What becomes of a tick while the job of an earlier one has not ended. Default: its job is enqueued all the same.</summary>
    public Overlap Overlap { get; set; }

    /// <summary>What becomes of ticks that nobody was there to see. Default: they run once.</summary>
    public MissedTicks Missed { get; set; }

    /// <summary>How late a tick may be without counting as missed. Default 60 s; from zero to 1 day.</summary>
    public TimeSpan Grace { get; set; } = CatchUpRule.Default.Grace;

    /// <summary>What the job of each tick says for itself. It has no unique key, time or parents of its own.</summary>
    public EnqueueOptions Job { get; } = new();
}
