using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class RetryScheduleTests
{
    [Fact]
    public void The_ceiling_doubles_up_to_the_cap()
    {
        var schedule = RetrySchedule.Default;
        int[] failures = [1, 2, 3, 9, 10, 1000];
        failures.Select(count => Math.Round(schedule.DelayAfter(count, 0.999999).TotalSeconds)).ShouldBe([1, 2, 4, 256, 300, 300]);
    }

    [Fact]
    public void A_first_retry_never_comes_at_once() =>
        RetrySchedule.Default.DelayAfter(1, 0).ShouldBe(TimeSpan.FromMilliseconds(100));

    [Fact]
    public void Jitter_is_drawn_inside_the_cap_so_that_clients_do_not_meet_at_the_maximum()
    {
        var random = new Random(1);
        var delays = Enumerable.Range(0, 10_000).Select(_ => RetrySchedule.Default.DelayAfter(50, random.NextDouble()).TotalSeconds).ToList();
        delays.Max().ShouldBeLessThanOrEqualTo(300);
        delays.Count(delay => delay > 299).ShouldBeLessThan(100);
        delays.Average().ShouldBeInRange(145, 155);
    }

    [Fact]
    public void Every_draw_lies_within_its_bounds() =>
        Prop.ForAll<PositiveInt, NonNegativeInt, NonNegativeInt>((failures, first, cap) =>
        {
            var schedule = new RetrySchedule { Base = TimeSpan.FromMilliseconds(first.Get), Cap = TimeSpan.FromMilliseconds(cap.Get) };
            return new[] { 0, 0.3, 0.999 }.All(chance => schedule.DelayAfter(failures.Get, chance) is var delay && delay >= TimeSpan.Zero && delay <= schedule.Cap);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Nonsense_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new RetrySchedule { Base = TimeSpan.FromSeconds(-1) });
        Should.Throw<ArgumentOutOfRangeException>(() => RetrySchedule.Default.DelayAfter(0, 0.5));
    }
}
