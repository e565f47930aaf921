namespace Steadwork;

/// <summary>What the clocks of a time zone show.</summary>
/// <remarks>
/// Everything comes from the offset at a point in time, which is always one; what a local time would be in UTC is two answers in
/// autumn and none in spring. It is taken for granted that no zone changes its clocks twice within <see cref="Near"/>: since 1900
/// the IANA database has no two changes within three days. A point in time is a <see cref="DateTimeOffset"/>, a local time a
/// <see cref="DateTime"/>.
/// </remarks>
internal readonly record struct ZoneClock(TimeZoneInfo Zone)
{
    /// <summary>The most that any clock is from UTC, either way.</summary>
    private static readonly TimeSpan Reach = TimeSpan.FromHours(14);

    /// <summary>Longer than clocks have ever been put back or on at once: a day, where the date line moved.</summary>
    public static TimeSpan Near { get; } = 2 * Reach;

    public DateTime At(DateTimeOffset instant) => new(instant.UtcTicks + Zone.GetUtcOffset(instant).Ticks);

    /// <summary>A point in time before which no clock of any zone shows the local time.</summary>
    public static DateTimeOffset EarliestFor(DateTime local) => new(local - Reach, TimeSpan.Zero);

    /// <summary>When the clocks are changed within a time of at most <see cref="Near"/>; null if they are not.</summary>
    /// <param name="from">Still by the old clock.</param>
    /// <param name="to">Within it: a change at this very time counts.</param>
    public DateTimeOffset? Change(DateTimeOffset from, DateTimeOffset to)
    {
        var old = Zone.GetUtcOffset(from);
        if (Zone.GetUtcOffset(to) == old)
            return null;
        var (before, after) = (from.ToUnixTimeSeconds(), to.ToUnixTimeSeconds());
        while (after - before > 1)
        {
            var middle = before + (after - before) / 2;
            (before, after) = Zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(middle)) == old ? (middle, after) : (before, middle);
        }
        return DateTimeOffset.FromUnixTimeSeconds(after);
    }

    /// <summary>The first second that no clock had shown before the given one: later than what it shows while an hour is repeated.</summary>
    public DateTime NotShownBefore(DateTimeOffset instant)
    {
        var before = instant.AddSeconds(-1);
        var shown = At(before).AddSeconds(1);
        if (Change(before - Near, before) is not { } change)
            return shown;
        var shownUntilChange = At(change.AddSeconds(-1)).AddSeconds(1);
        return shownUntilChange > shown ? shownUntilChange : shown;
    }

    /// <summary>When the clocks first show a local time, or in the gap in which it is missing first show a later one.</summary>
    public DateTimeOffset First(DateTime local)
    {
        var (from, to) = (EarliestFor(local), new DateTimeOffset(local + Reach, TimeSpan.Zero));
        var first = from + (local - At(from));
        if (Change(from, to) is not { } change || first < change)
            return first;
        var afterChange = change + (local - At(change));
        return afterChange > change ? afterChange : change;
    }
}
