namespace Steadwork;

/// <summary>Which ticks of a schedule are run when its turn comes, and what becomes of those that were missed. Pure: the time is an argument.</summary>
public sealed record CatchUpRule
{
    /// <summary>Missed ticks run once, after a minute of grace.</summary>
    public static CatchUpRule Default { get; } = new();

    /// <summary>What becomes of missed ticks. Default <see cref="MissedTicks.RunOnce"/>.</summary>
    public MissedTicks Missed { get; init; }

    /// <summary>How late a tick may be and still not be missed: it runs in any case. Default 60 s; from zero to 1 day.</summary>
    public TimeSpan Grace
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromDays(1) ? value : throw new ArgumentException("The grace of a schedule is from zero to 1 day.");
    } = TimeSpan.FromSeconds(60);

    /// <summary>How many ticks are run at once; the rest stays due and comes next time. Default 100; from 1 to 10,000.</summary>
    public int Most
    {
        get;
        init => field = value is >= 1 and <= 10_000 ? value : throw new ArgumentException("The ticks that a schedule runs at once are from 1 to 10,000.");
    } = 100;

    /// <summary>What is to run now. Asked again with the <see cref="DueTicks.Next"/> that it gave, it gives no tick twice, at whatever times it is asked.</summary>
    /// <param name="timing">When the schedule ticks.</param>
    /// <param name="next">The tick that is next, as it was stored.</param>
    /// <param name="anchor">Where an interval begins.</param>
    /// <param name="now">The time.</param>
    public DueTicks Due(ScheduleTiming timing, DateTimeOffset next, DateTimeOffset anchor, DateTimeOffset now)
    {
        var ticks = new List<DateTimeOffset>();
        var tick = First(timing, next, anchor, now);
        for (; tick <= now && ticks.Count < Most; tick = timing.Next(tick.Value, anchor))
            ticks.Add(tick.Value);
        return new(ticks, tick);
    }

    private DateTimeOffset? First(ScheduleTiming timing, DateTimeOffset next, DateTimeOffset anchor, DateTimeOffset now)
    {
        var inTime = now - Grace;
        if (Missed is MissedTicks.RunAll || next >= inTime)
            return next;
        var first = timing.Next(inTime.AddTicks(-1), anchor);
        // One that is in time does for those that were missed.
        return Missed is MissedTicks.Skip || first <= now ? first : timing.LastBefore(inTime, next, anchor);
    }
}
