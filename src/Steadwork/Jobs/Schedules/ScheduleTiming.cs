namespace Steadwork;

/// <summary>When a schedule ticks. A closed set. Pure: ticks follow from the timing alone, whoever asks and however often.</summary>
public abstract record ScheduleTiming
{
    private ScheduleTiming() { }

    /// <summary>The first tick strictly after a point in time: UTC, in whole milliseconds. Null when there is none within a hundred years.</summary>
    /// <param name="after">The point in time.</param>
    /// <param name="anchor">Where an interval begins: its first tick. A cron line needs none.</param>
    public abstract DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset anchor);

    /// <summary>The last tick before <paramref name="end"/>, of one tick and those that follow it. By halving: a line may tick thirty million times a year.</summary>
    internal DateTimeOffset LastBefore(DateTimeOffset end, DateTimeOffset tick, DateTimeOffset anchor)
    {
        var (last, noneFrom) = (tick, end);
        while (Next(last, anchor) is { } next && next < end)
        {
            last = next;
            var middle = last + (noneFrom - last) / 2;
            if (Next(middle, anchor) is { } later && later < end)
                last = later;
            else
                noneFrom = middle;
        }
        return last;
    }

    /// <summary>Ticks at the local times that a cron line names.</summary>
    /// <remarks>
    /// When clocks are changed, a line of fixed times of the day (<see cref="CronLine.IsTimeOfDay"/>) ticks once for each day that it
    /// names: a time that is skipped ticks at the first instant after the gap, all in one gap once; a time that comes twice ticks the
    /// first time. Any other line ticks whenever the clocks show a time that it names: in both passes of a repeated hour, and for a
    /// skipped time not at all. Ranges count as intervals, not as fixed times: hourly work stays hourly.
    /// </remarks>
    /// <param name="Line">The line.</param>
    /// <param name="Zone">Whose clocks; see <see cref="TimeZoneName"/>.</param>
    public sealed record Cron(CronLine Line, TimeZoneInfo Zone) : ScheduleTiming
    {
        /// <summary>No date stays away for longer than 40 years; what does has its time in a gap of every year.</summary>
        private const int Horizon = 100;

        /// <summary>The calendar's ends, with room for any offset.</summary>
        private static readonly DateTimeOffset First = new(1, 1, 3, 0, 0, 0, TimeSpan.Zero), Last = new(9998, 12, 28, 0, 0, 0, TimeSpan.Zero);

        /// <inheritdoc/>
        public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset anchor = default)
        {
            if (after >= Last)
                return null;
            var start = after < First ? First : DateTimeOffset.FromUnixTimeSeconds(after.ToUnixTimeSeconds() + 1);
            var until = start.Year + Horizon < Last.Year ? start.AddYears(Horizon) : Last;
            return Line.IsTimeOfDay ? NextOfDay(start, until) : NextShown(start, until);
        }

        private DateTimeOffset? NextOfDay(DateTimeOffset start, DateTimeOffset until)
        {
            var clock = new ZoneClock(Zone);
            return Line.Pattern.First(clock.NotShownBefore(start), until.DateTime) is { } local ? clock.First(local) : null;
        }

        /// <summary>
        /// Reads the line as if the clocks stayed as they are, and begins anew from their change if they do not. Where the next time
        /// is far off, it begins anew shortly before it: the line names none in between.
        /// </summary>
        private DateTimeOffset? NextShown(DateTimeOffset start, DateTimeOffset until)
        {
            var clock = new ZoneClock(Zone);
            while (clock.At(start) is var shown && Line.Pattern.First(shown, until.DateTime) is { } local)
            {
                var tick = start + (local - shown);
                var isNear = tick - start <= ZoneClock.Near;
                if (clock.Change(start, isNear ? tick : start + ZoneClock.Near) is { } change)
                    start = change;
                else if (isNear)
                    return tick;
                else
                    start = ZoneClock.EarliestFor(local);
            }
            return null;
        }
    }

    /// <summary>Ticks at the anchor and then each time an interval has gone by, whatever the clocks show.</summary>
    /// <param name="Interval">From one tick to the next: from 1 second to 366 days, in whole milliseconds.</param>
    public sealed record Every(TimeSpan Interval) : ScheduleTiming
    {
        /// <summary>From one tick to the next.</summary>
        public TimeSpan Interval { get; init => field = Allowed(value); } = Allowed(Interval);

        /// <inheritdoc/>
        /// <remarks>Counted from the anchor each time, so that nothing adds up.</remarks>
        public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset anchor)
        {
            var first = anchor.UtcTicks - anchor.UtcTicks % TimeSpan.TicksPerMillisecond;
            if (after.UtcTicks < first)
                return new(first, TimeSpan.Zero);
            var passed = (after.UtcTicks - first) / Interval.Ticks;
            var tick = first + (passed + 1) * Interval.Ticks;
            return tick <= DateTimeOffset.MaxValue.Ticks ? new(tick, TimeSpan.Zero) : null;
        }

        private static TimeSpan Allowed(TimeSpan interval) =>
            interval < TimeSpan.FromSeconds(1) ? throw new ArgumentException($"An interval of {interval} is too short for a schedule; it is at least 1 second.")
            : interval > TimeSpan.FromDays(366) ? throw new ArgumentException($"An interval of {interval} is too long for a schedule; it is at most 366 days.")
            : interval.Ticks % TimeSpan.TicksPerMillisecond != 0 ? throw new ArgumentException("The interval of a schedule is in whole milliseconds.")
            : interval;
    }
}
