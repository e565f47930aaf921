using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class JobLifecycleTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly JobError Error = new("test", "It went wrong.");
    private static readonly RetrySchedule Retry = RetrySchedule.Default;

    [Fact]
    public void A_returned_result_is_success_whatever_the_attempt() =>
        After(new Outcome.Returned("1"u8.ToArray()), failures: 99).ShouldBeOfType<Transition.Succeed>().Result.ToArray().ShouldBe("1"u8.ToArray());

    [Fact]
    public void Max_attempts_of_three_means_three_runs_and_no_fourth()
    {
        After(Threw, failures: 0).ShouldBeOfType<Transition.Retry>();
        After(Threw, failures: 1).ShouldBeOfType<Transition.Retry>();
        After(Threw, failures: 2).ShouldBeOfType<Transition.Fail>().Error.ShouldBe(Error);
    }

    [Fact]
    public void A_permanent_failure_is_not_retried() =>
        After(new Outcome.Threw(Error, Permanent: true), failures: 0).ShouldBeOfType<Transition.Fail>();

    [Fact]
    public void A_failure_waits_and_a_crash_does_not()
    {
        After(Threw, failures: 0).ShouldBeOfType<Transition.Retry>().RunAt.ShouldBeGreaterThan(Now);
        Crash(CrashEvidence.RanAlone).ShouldBeOfType<Transition.Retry>().RunAt.ShouldBe(Now);
    }

    [Fact]
    public void Shutdown_and_snooze_cost_no_attempt()
    {
        After(new Outcome.Interrupted(Started: true), failures: 2).ShouldBe(new Transition.Release(Started: true));
        After(new Outcome.Postponed(TimeSpan.FromMinutes(5)), failures: 2).ShouldBe(new Transition.Snooze(Now.AddMinutes(5)));
        After(new Outcome.Postponed(TimeSpan.FromMinutes(5), Started: false), failures: 2).ShouldBe(new Transition.Snooze(Now.AddMinutes(5), Started: false));
    }

    [Fact]
    public void A_crash_alone_counts_and_comes_to_an_end()
    {
        Crash(CrashEvidence.RanAlone, failures: 1).ShouldBeOfType<Transition.Retry>().Alone.ShouldBeTrue();
        Crash(CrashEvidence.RanAlone, failures: 2).ShouldBeOfType<Transition.Fail>();
    }

    [Fact]
    public void Neighbours_of_a_crash_lose_no_attempt()
    {
        Crash(CrashEvidence.NotStarted, failures: 2).ShouldBe(new Transition.Release(Started: false));
        Crash(CrashEvidence.Ended, failures: 2).ShouldBe(new Transition.Release(Started: true, Alone: false, Error));
        Crash(CrashEvidence.RanAmongOthers, failures: 2).ShouldBe(new Transition.Release(Started: true, Alone: true, Error));
    }

    [Fact]
    public void A_cancelled_job_is_not_put_back_into_its_line()
    {
        foreach (var evidence in Enum.GetValues<CrashEvidence>())
            JobLifecycle.AfterCrash(new RunningJob(1, 0, 3, "by hand"), evidence, Error, Now).ShouldBe(new Transition.Cancel("by hand", Started: evidence is not CrashEvidence.NotStarted));
        JobLifecycle.Honour(new Transition.Retry(Now, Error), "by hand").ShouldBe(new Transition.Cancel("by hand"));
        JobLifecycle.Honour(new Transition.Snooze(Now, Started: false), "by hand").ShouldBe(new Transition.Cancel("by hand", Started: false));
        JobLifecycle.Honour(new Transition.Succeed(default), "by hand").ShouldBeOfType<Transition.Succeed>();
        JobLifecycle.Honour(new Transition.Fail(Error), "by hand").ShouldBeOfType<Transition.Fail>();
    }

    [Fact]
    public void Requests_are_allowed_where_they_make_sense()
    {
        var allowed =
            from state in JobStates.All
            from request in Enum.GetValues<JobRequest>()
            where JobLifecycle.Allows(state, request)
            select $"{state.Name()} {request}";
        allowed.ShouldBe([
            "pending Cancel", "pending Delete", "waiting Cancel", "waiting Delete", "running Cancel",
            "succeeded Delete", "failed Retry", "failed Delete", "cancelled Retry", "cancelled Delete"]);
    }

    [Fact]
    public void No_sequence_of_failures_and_crashes_runs_a_job_more_often_than_its_attempts() =>
        Prop.ForAll<PositiveInt, bool[]>((most, crashes) =>
        {
            var maxAttempts = most.Get % 20 + 1;
            var failures = 0;
            foreach (var crash in crashes)
            {
                var job = new RunningJob(failures + 1, failures, maxAttempts, null);
                var transition = crash
                    ? JobLifecycle.AfterCrash(job, CrashEvidence.RanAlone, Error, Now)
                    : JobLifecycle.AfterAttempt(job, Threw, Retry, Now, 0.5);
                failures++;
                if (transition.Next is JobState.Failed)
                    return failures == maxAttempts;
                if (failures >= maxAttempts)
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    private static Outcome.Threw Threw => new(Error);

    private static Transition After(Outcome outcome, int failures) =>
        JobLifecycle.AfterAttempt(new RunningJob(failures + 1, failures, 3, null), outcome, Retry, Now, 0.5);

    private static Transition Crash(CrashEvidence evidence, int failures = 0) =>
        JobLifecycle.AfterCrash(new RunningJob(failures + 1, failures, 3, null), evidence, Error, Now);
}
