using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

public sealed class ScheduleTimingTests
{
    private static readonly DateTimeOffset Anchor = Ticks.Utc("2026-01-01 00:00:00.250");

    [Theory]
    [InlineData(90, "2025-06-01", "2026-01-01 00:00:00.250")]
    [InlineData(90, "2026-01-01 00:00:00.249", "2026-01-01 00:00:00.250")]
    [InlineData(90, "2026-01-01 00:00:00.250", "2026-01-01 00:01:30.250")]
    [InlineData(90, "2026-01-01 00:01:30.249", "2026-01-01 00:01:30.250")]
    // In Berlin's repeated hour as in any other.
    [InlineData(86_400, "2026-10-25 00:30", "2026-10-26 00:00:00.250")]
    [InlineData(1, "9000-01-01", "9000-01-01 00:00:00.250")]
    public void An_interval_ticks_at_its_anchor_and_each_time_it_has_gone_by(int seconds, string after, string expected) =>
        Every(seconds).Next(Ticks.Utc(after), Anchor).ShouldBe(Ticks.Utc(expected));

    [Fact]
    public void Ticks_are_whole_milliseconds_in_utc()
    {
        var anchor = new DateTimeOffset(2026, 1, 1, 2, 0, 0, TimeSpan.FromHours(2)).AddTicks(12_345);
        var tick = Every(1).Next(anchor.AddHours(1), anchor).ShouldNotBeNull();
        (tick.Offset, tick.UtcTicks % TimeSpan.TicksPerMillisecond).ShouldBe((TimeSpan.Zero, 0L));

        var timing = new ScheduleTiming.Cron(CronLine.Parse("30 2 * * *"), TimeZoneName.Find("Europe/Berlin"));
        timing.Next(new(2026, 7, 1, 12, 0, 0, 123, TimeSpan.FromHours(9))).ShouldBe(Ticks.Utc("2026-07-02 00:30"));
        timing.Next(Anchor)!.Value.Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void An_interval_neither_drifts_nor_skips() =>
        Prop.ForAll(Gen.Choose(1_000, 100_000_000).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (milliseconds, seconds) =>
        {
            var (interval, after) = (TimeSpan.FromMilliseconds(milliseconds), Anchor.AddSeconds(seconds));
            var tick = new ScheduleTiming.Every(interval).Next(after, Anchor)!.Value;
            return tick > after && tick - interval <= after && (tick - Anchor).Ticks % interval.Ticks == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_interval_out_of_range_is_refused_with_what_would_be_right()
    {
        Should.Throw<ArgumentException>(() => Every(0.5)).Message.ShouldBe("An interval of 00:00:00.5000000 is too short for a schedule; it is at least 1 second.");
        Should.Throw<ArgumentException>(() => Every(-60)).Message.ShouldBe("An interval of -00:01:00 is too short for a schedule; it is at least 1 second.");
        Should.Throw<ArgumentException>(() => Every(367 * 86_400)).Message.ShouldBe("An interval of 367.00:00:00 is too long for a schedule; it is at most 366 days.");
        Should.Throw<ArgumentException>(() => new ScheduleTiming.Every(TimeSpan.FromTicks(10_000_001))).Message.ShouldBe("The interval of a schedule is in whole milliseconds.");
        Should.Throw<ArgumentException>(() => Every(1) with { Interval = TimeSpan.Zero });
        Every(1).Interval.ShouldBe(TimeSpan.FromSeconds(1));
        Every(366 * 86_400).Interval.ShouldBe(TimeSpan.FromDays(366));
    }

    [Theory]
    [InlineData("* * * * * *")]
    [InlineData("30 2 * * *")]
    public void At_the_ends_of_the_calendar_there_is_a_first_tick_and_a_last(string line)
    {
        var timing = new ScheduleTiming.Cron(CronLine.Parse(line), TimeZoneName.Find("Pacific/Apia"));
        timing.Next(DateTimeOffset.MinValue).ShouldNotBeNull();
        timing.Next(Ticks.Utc("9998-12-01")).ShouldNotBeNull();
        timing.Next(DateTimeOffset.MaxValue).ShouldBeNull();
        new ScheduleTiming.Cron(CronLine.Parse("0 0 29 2 *"), TimeZoneInfo.Utc).Next(Ticks.Utc("9996-03-01")).ShouldBeNull();
        Every(60).Next(DateTimeOffset.MaxValue, Anchor).ShouldBeNull();
    }

    [Fact]
    public void Timings_are_equal_when_they_say_the_same()
    {
        Every(60).ShouldBe(Every(60));
        Berlin("0 6 * * *").ShouldBe(Berlin("0 6 * * *"));
        Berlin("0 6 * * *").ShouldNotBe(Berlin("0 7 * * *"));
    }

    private static ScheduleTiming.Every Every(double seconds) => new(TimeSpan.FromSeconds(seconds));

    private static ScheduleTiming.Cron Berlin(string line) => new(CronLine.Parse(line), TimeZoneName.Find("Europe/Berlin"));
}
