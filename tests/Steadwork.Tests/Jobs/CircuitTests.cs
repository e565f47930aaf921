using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class CircuitTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BreakerDefinition Definition = new("smtp") { MinimumCalls = 10, FailureRatio = 0.5, BreakTime = TimeSpan.FromSeconds(30), Probes = 2 };
    private static readonly Circuit Closed = new(BreakerState.Closed, Now.AddHours(-1));
    private static readonly Circuit Opened = new(BreakerState.Open, Now, Now.AddSeconds(30));

    [Theory]
    [InlineData(9, 9, BreakerState.Closed)]
    [InlineData(10, 4, BreakerState.Closed)]
    [InlineData(10, 5, BreakerState.Open)]
    [InlineData(1000, 499, BreakerState.Closed)]
    [InlineData(1000, 500, BreakerState.Open)]
    public void It_opens_by_the_share_of_failures_once_there_are_enough_calls(long calls, long failed, BreakerState state) =>
        Closed.AfterCalls(Definition, new CallCounts(1, 1), new CallCounts(calls, failed), default, Now).ShouldBe(state is BreakerState.Open ? Opened : Closed);

    [Fact]
    public void It_opens_by_a_call_that_fails_and_not_by_one_that_goes_well() =>
        Closed.AfterCalls(Definition, new CallCounts(1, 0), new CallCounts(10, 9), default, Now).ShouldBe(Closed);

    [Fact]
    public void Open_it_lets_none_through_until_its_time_and_then_a_set_number()
    {
        Closed.Left(Definition, Now).ShouldBeNull();
        Opened.Left(Definition, Now.AddSeconds(29.999)).ShouldBe(0);
        Opened.Left(Definition, Now.AddSeconds(30)).ShouldBe(2);
        var halfOpen = Opened.AfterClaim(Definition, 1, Now.AddSeconds(31));
        halfOpen.ShouldBe(new Circuit(BreakerState.HalfOpen, Now.AddSeconds(31), Now.AddSeconds(61), LetThrough: 1));
        halfOpen.Left(Definition, Now.AddSeconds(32)).ShouldBe(1);
        halfOpen.AfterClaim(Definition, 1, Now.AddSeconds(32)).Left(Definition, Now.AddSeconds(33)).ShouldBe(0);
    }

    [Fact]
    public void Half_open_what_was_let_through_decides_and_nothing_else()
    {
        var halfOpen = Opened.AfterClaim(Definition, 2, Now.AddSeconds(31));
        halfOpen.AfterCalls(Definition, new CallCounts(1, 1), new CallCounts(100, 100), default, Now.AddSeconds(32)).ShouldBe(halfOpen);
        halfOpen.AfterCalls(Definition, new CallCounts(1, 0), default, new CallCounts(1, 0), Now.AddSeconds(32)).ShouldBe(halfOpen with { Passed = 1 });
        halfOpen.AfterCalls(Definition, new CallCounts(2, 0), default, new CallCounts(2, 0), Now.AddSeconds(32)).ShouldBe(new Circuit(BreakerState.Closed, Now.AddSeconds(32)));
        halfOpen.AfterCalls(Definition, new CallCounts(2, 1), default, new CallCounts(2, 1), Now.AddSeconds(32)).ShouldBe(new Circuit(BreakerState.Open, Now.AddSeconds(32), Now.AddSeconds(62)));
    }

    [Fact]
    public void Half_open_for_as_long_as_a_break_it_lets_others_through()
    {
        var halfOpen = Opened.AfterClaim(Definition, 2, Now.AddSeconds(31));
        halfOpen.Left(Definition, Now.AddSeconds(60.999)).ShouldBe(0);
        halfOpen.Left(Definition, Now.AddSeconds(61)).ShouldBe(2);
        halfOpen.AfterClaim(Definition, 1, Now.AddSeconds(61)).ShouldBe(new Circuit(BreakerState.HalfOpen, Now.AddSeconds(61), Now.AddSeconds(91), LetThrough: 1));
    }

    [Fact]
    public void Open_by_hand_it_stays_so()
    {
        var open = Circuit.ByHand(open: true, Now);
        open.Left(Definition, Now.AddYears(1)).ShouldBe(0);
        open.Stands(open: true).ShouldBeTrue();
        Opened.Stands(open: true).ShouldBeFalse();
        open.AfterCalls(Definition, new CallCounts(9, 0), new CallCounts(100, 0), new CallCounts(9, 0), Now).ShouldBe(open);
    }

    [Theory]
    [InlineData(0.0, 30, 10, 1, "A failure ratio of 0 is out of range; it goes from above 0 to 1.")]
    [InlineData(1.5, 30, 10, 1, "A failure ratio of 1.5 is out of range; it goes from above 0 to 1.")]
    [InlineData(0.5, 0, 10, 1, "A window of 00:00:00 is out of range; it goes from 100 ms to 1 day.")]
    [InlineData(0.5, 30, 0, 1, "A minimum of 0 calls is out of range; it goes from 1 to 1,000,000.")]
    [InlineData(0.5, 30, 10, 0, "0 probes is out of range; it goes from 1 to 1,000.")]
    public void What_makes_no_sense_is_refused(double ratio, int window, int minimum, int probes, string refusal) =>
        new BreakerDefinition("smtp") { FailureRatio = ratio, Window = TimeSpan.FromSeconds(window), MinimumCalls = minimum, Probes = probes }.Refusal().ShouldBe(refusal);

    [Fact]
    public void The_failure_of_a_probe_is_not_held_against_its_job_unless_it_is_the_job_s_own()
    {
        var last = new RunningJob(Attempt: 3, Failures: 2, MaxAttempts: 3, CancelRequested: null) { IsProbe = true };
        var error = new JobError("timeout", "late");
        Transition After(Outcome outcome) => JobLifecycle.AfterAttempt(last, outcome, RetrySchedule.Default, Now, 0.5);

        After(new Outcome.Threw(error, IsDependencys: true)).ShouldBeOfType<Transition.Retry>().Counts.ShouldBeFalse();
        After(new Outcome.Threw(error)).ShouldBeOfType<Transition.Fail>();
        After(new Outcome.Threw(error, Permanent: true, IsDependencys: true)).ShouldBeOfType<Transition.Fail>();
    }
}
