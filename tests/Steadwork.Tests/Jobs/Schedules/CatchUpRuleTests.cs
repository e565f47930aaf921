using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

public sealed class CatchUpRuleTests
{
    private static readonly ScheduleTiming Hourly = new ScheduleTiming.Cron(CronLine.Parse("@hourly"), TimeZoneInfo.Utc);
    private static readonly DateTimeOffset Anchor = Ticks.Utc("2026-10-24 20:00");

    private static readonly Gen<ScheduleTiming> Timing = Gen.OneOf(
        Gen.Choose(1, 4000).Select(seconds => (ScheduleTiming)new ScheduleTiming.Every(TimeSpan.FromSeconds(seconds))),
        from line in Gen.Elements("* * * * *", "*/20 * * * * *", "@hourly", "30 2 * * *", "0 9-17/2 * * *")
        select (ScheduleTiming)new ScheduleTiming.Cron(CronLine.Parse(line), TimeZoneName.Find("Europe/Berlin")));

    /// <summary>How long after each other it is asked.</summary>
    private static readonly Gen<TimeSpan[]> Waits =
        (from seconds in Gen.Frequency((3, Gen.Choose(0, 100)), (2, Gen.Choose(100, 4000)), (1, Gen.Choose(4000, 40_000)))
         from milliseconds in Gen.Choose(0, 999)
         select TimeSpan.FromMilliseconds(seconds * 1000 + milliseconds)).ArrayOf(8);

    [Theory]
    [InlineData(MissedTicks.RunOnce, "14", "15")]
    [InlineData(MissedTicks.RunAll, "11 12 13 14", "15")]
    [InlineData(MissedTicks.Skip, "14", "15")]
    public void After_a_gap_missed_ticks_follow_the_rule_and_those_in_time_run(MissedTicks missed, string run, string next)
    {
        var due = Due(new() { Missed = missed }, "2026-01-01 11:00", "2026-01-01 14:00:30");
        due.Run.Select(tick => $"{tick.Hour}").ShouldBe(run.Split(' '));
        due.Next!.Value.Hour.ShouldBe(int.Parse(next));
    }

    [Theory]
    [InlineData("2026-01-01 10:59:59.999", 0, 11)]
    [InlineData("2026-01-01 11:00", 1, 12)]
    [InlineData("2026-01-01 11:01", 1, 12)]
    [InlineData("2026-01-01 11:01:00.001", 0, 12)]
    public void A_tick_is_missed_once_it_is_later_than_the_grace(string now, int run, int next)
    {
        var due = Due(new() { Missed = MissedTicks.Skip }, "2026-01-01 11:00", now);
        due.Run.Count.ShouldBe(run);
        due.Next!.Value.Hour.ShouldBe(next);
    }

    [Fact]
    public void More_ticks_than_are_run_at_once_stay_due()
    {
        var due = Due(new() { Missed = MissedTicks.RunAll, Most = 2 }, "2026-01-01 11:00", "2026-01-01 14:00");
        due.Run.Select(tick => tick.Hour).ShouldBe([11, 12]);
        due.Next.ShouldBe(Ticks.Utc("2026-01-01 13:00"));
    }

    [Fact]
    public void The_latest_of_five_million_missed_ticks_is_found_at_once()
    {
        var everySecondFromFive = new ScheduleTiming.Cron(CronLine.Parse("* * 5 * * *"), TimeZoneName.Find("Europe/Berlin"));
        var due = CatchUpRule.Default.Due(everySecondFromFive, Ticks.Utc("2026-01-01"), Anchor, Ticks.Utc("2030-01-01"));
        due.Run.ShouldBe([Ticks.Utc("2029-12-31 04:59:59")]);
        due.Next.ShouldBe(Ticks.Utc("2030-01-01 04:00"));
    }

    [Fact]
    public void Missed_ticks_have_no_job_of_their_own_when_one_in_time_does_for_them() =>
        Due(CatchUpRule.Default, "2026-01-01 11:00", "2026-01-01 14:01:01").Run.Select(tick => tick.Hour).ShouldBe([14], "that is missed as well");

    [Fact]
    public void A_schedule_that_has_ended_has_no_next_tick() =>
        CatchUpRule.Default.Due(new ScheduleTiming.Cron(CronLine.Parse("0 0 1 1 *"), TimeZoneInfo.Utc), Ticks.Utc("9998-01-01"), Anchor, Ticks.Utc("9998-12-30"))
            .Next.ShouldBeNull();

    [Fact]
    public void No_tick_is_lost_or_run_twice_when_all_are_run() =>
        Prop.ForAll(Timing.ToArbitrary(), Waits.ToArbitrary(), Gen.Choose(1, 500).ToArbitrary(), (timing, waits, most) =>
        {
            var rule = new CatchUpRule { Missed = MissedTicks.RunAll, Most = most };
            var (now, next) = (Anchor, timing.Next(Anchor, Anchor));
            var first = next!.Value;
            var run = new List<DateTimeOffset>();
            foreach (var wait in waits)
            {
                now += wait;
                var due = rule.Due(timing, next!.Value, Anchor, now);
                run.AddRange(due.Run);
                next = due.Next;
            }
            return run.SequenceEqual(Between(timing, first, now).Take(run.Count)) && next == (run.Count == 0 ? first : timing.Next(run[^1], Anchor));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Of_a_gap_the_latest_or_none_runs_and_always_what_is_in_time() =>
        Prop.ForAll(Timing.ToArbitrary(), Waits.ToArbitrary(), Gen.Choose(0, 120).ToArbitrary(), (timing, waits, grace) =>
            new[] { MissedTicks.RunOnce, MissedTicks.Skip }.All(missed =>
            {
                var rule = new CatchUpRule { Missed = missed, Grace = TimeSpan.FromSeconds(grace), Most = 10_000 };
                var (now, next) = (Anchor, timing.Next(Anchor, Anchor)!.Value);
                foreach (var wait in waits)
                {
                    now += wait;
                    var come = Between(timing, next, now).ToList();
                    var late = come.Where(tick => now - tick > rule.Grace).ToList();
                    var expected = late.TakeLast(missed is MissedTicks.RunOnce && late.Count == come.Count ? 1 : 0).Concat(come.Skip(late.Count));
                    var due = rule.Due(timing, next, Anchor, now);
                    if (!due.Run.SequenceEqual(expected) || due.Next <= now || (come.Count == 0 && due.Next != next))
                        return false;
                    next = due.Next!.Value;
                }
                return true;
            })).QuickCheckThrowOnFailure();

    [Fact]
    public void Rules_out_of_range_are_refused_with_what_would_be_right()
    {
        Should.Throw<ArgumentException>(() => new CatchUpRule { Grace = TimeSpan.FromSeconds(-1) }).Message.ShouldBe("The grace of a schedule is from zero to 1 day.");
        Should.Throw<ArgumentException>(() => new CatchUpRule { Most = 0 }).Message.ShouldBe("The ticks that a schedule runs at once are from 1 to 10,000.");
    }

    private static DueTicks Due(CatchUpRule rule, string next, string now) => rule.Due(Hourly, Ticks.Utc(next), Anchor, Ticks.Utc(now));

    private static IEnumerable<DateTimeOffset> Between(ScheduleTiming timing, DateTimeOffset first, DateTimeOffset now)
    {
        for (DateTimeOffset? tick = first; tick <= now; tick = timing.Next(tick.Value, Anchor))
            yield return tick.Value;
    }
}
