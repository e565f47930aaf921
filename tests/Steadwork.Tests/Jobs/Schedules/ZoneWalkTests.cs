using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

/// <summary>
/// Twenty years of ten zones, tick by tick, beside a clock that goes from minute to minute: a line of fixed times ticks when the
/// clock has come to a time or has jumped over it for the first time, any other when the clock shows it.
/// </summary>
public sealed class ZoneWalkTests
{
    private const int Day = 24 * 60, Quarter = 15;
    private static readonly DateTime Start = new(2010, 1, 1), End = new(2030, 1, 1);

    private static readonly Line[] Lines =
    [
        new("30 2 * * *", Fixed: true, (hour, minute) => hour == 2 && minute == 30, _ => true),
        new("0,20 0,1 * * *", Fixed: true, (hour, minute) => hour <= 1 && minute is (0 or 20), _ => true),
        new("45 23 L * *", Fixed: true, (hour, minute) => hour == 23 && minute == 45, day => day.AddDays(1).Day == 1),
        new("15 1,2,3 * * SAT-MON", Fixed: true, (hour, minute) => hour is (1 or 2 or 3) && minute == 15, day => day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday or DayOfWeek.Monday),
        new("0 */2 * * *", Fixed: false, (hour, minute) => hour % 2 == 0 && minute == 0, _ => true),
        new("10 0-4 * * *", Fixed: false, (hour, minute) => hour <= 4 && minute == 10, _ => true),
        new("*/15 * * * *", Fixed: false, (_, minute) => minute % 15 == 0, _ => true),
        new("*/15 * 25-31 3,10 *", Fixed: false, (_, minute) => minute % 15 == 0, day => day.Day >= 25 && day.Month is (3 or 10)),
        new("*/20 23,0-2 * * SUN#1,SUNL", Fixed: false, (hour, minute) => hour is (23 or <= 2) && minute % 20 == 0,
            day => day.DayOfWeek is DayOfWeek.Sunday && (day.Day <= 7 || day.AddDays(7).Month != day.Month)),
    ];

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("Europe/Dublin")]
    [InlineData("America/New_York")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("America/St_Johns")]
    [InlineData("Africa/Cairo")]
    [InlineData("Africa/Casablanca")]
    [InlineData("Asia/Beirut")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Pacific/Apia")]
    public void No_tick_of_twenty_years_is_missed_or_doubled(string zoneName)
    {
        var zone = TimeZoneName.Find(zoneName);
        var walks = Lines.Select(line => new Walk(new(CronLine.Parse(line.Text), zone))).ToArray();
        var (fixedTimes, times, days) = (Bits(line => line.Fixed), TimesOfDay(), Days());
        var highest = Day + Offset(zone, 0) - 1;
        foreach (var (minute, local) in Minutes(zone))
        {
            var ticking = (times[local % Day] & days[local / Day]) & ~fixedTimes;
            while (highest < local)
            {
                highest++;
                ticking |= times[highest % Day] & days[highest / Day] & fixedTimes;
            }
            for (var line = 0; ticking != 0; line++, ticking >>= 1)
            {
                if ((ticking & 1) != 0)
                    walks[line].Tick(minute);
            }
        }
        walks.Index().Select(walk => $"{Lines[walk.Index].Text}: missed {walk.Item.Missed}, doubled {walk.Item.Doubled}")
            .ShouldBe(Lines.Select(line => $"{line.Text}: missed 0, doubled 0"));
        walks.ShouldAllBe(walk => walk.Ticks > 200);
    }

    /// <summary>Every minute since <see cref="Start"/> in UTC, and what the clock shows then.</summary>
    private static IEnumerable<(long Minute, long Local)> Minutes(TimeZoneInfo zone)
    {
        var minutes = (long)(End - Start).TotalMinutes;
        for (long minute = 0; minute < minutes; minute += Quarter)
        {
            var (first, last) = (Offset(zone, minute), Offset(zone, minute + Quarter - 1));
            for (var within = minute; within < minute + Quarter; within++)
                yield return (within, Day + within + (first == last ? first : Offset(zone, within)));
        }
    }

    private static long Offset(TimeZoneInfo zone, long minute) => (long)zone.GetUtcOffset(At(minute)).TotalMinutes;

    private static DateTimeOffset At(long minute) => new(Start.AddMinutes(minute), TimeSpan.Zero);

    private static int[] TimesOfDay() => [.. Enumerable.Range(0, Day).Select(minute => Bits(line => line.Time(minute / 60, minute % 60)))];

    /// <summary>From the day before the first, which it may still be somewhere.</summary>
    private static int[] Days() => [.. Enumerable.Range(-1, (int)(End - Start).TotalDays + 3).Select(day => Bits(line => line.Day(Start.AddDays(day))))];

    private static int Bits(Func<Line, bool> isSo) => Lines.Index().Sum(line => isSo(line.Item) ? 1 << line.Index : 0);

    private sealed record Line(string Text, bool Fixed, Func<int, int, bool> Time, Func<DateTime, bool> Day);

    private sealed class Walk(ScheduleTiming.Cron timing)
    {
        private DateTimeOffset? next = timing.Next(At(0).AddTicks(-1));

        public int Ticks { get; private set; }
        public int Missed { get; private set; }
        public int Doubled { get; private set; }

        /// <summary>The clock says that the line ticks now.</summary>
        public void Tick(long minute)
        {
            var now = At(minute);
            for (; next < now; next = timing.Next(next.Value))
                Doubled++;
            if (next == now)
                next = timing.Next(now);
            else
                Missed++;
            Ticks++;
        }
    }
}
