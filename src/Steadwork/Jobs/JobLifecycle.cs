namespace Steadwork;

/// <summary>The one place that decides what becomes of a job. Pure: time and chance are arguments.</summary>
public static class JobLifecycle
{
    private static JobError NotCommitted { get; } = new("not-committed", "The handler returned, but the transaction in which it had ended the job was not committed.");

    /// <summary>What follows from the end of an attempt.</summary>
    /// <param name="job">The job as it was claimed.</param>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="retry">The waits between attempts of this type of job.</param>
    /// <param name="now">The time of the end.</param>
    /// <param name="chance">A draw from [0, 1) for the jitter.</param>
    public static Transition AfterAttempt(RunningJob job, Outcome outcome, RetrySchedule retry, DateTimeOffset now, double chance) => outcome switch
    {
        Outcome.Returned returned => new Transition.Succeed(returned.Result),
        Outcome.CancelledByRequest cancelled => new Transition.Cancel(cancelled.Reason),
        Outcome.Postponed postponed => new Transition.Snooze(now + postponed.Delay, postponed.Started),
        Outcome.Interrupted interrupted => new Transition.Release(interrupted.Started),
        Outcome.EndedInTransaction => AfterAttempt(job, new Outcome.Threw(NotCommitted), retry, now, chance),
        Outcome.Threw { Permanent: true } threw => new Transition.Fail(threw.Error, threw.Result),
        // It waits the longer the more often it was tried, for another is to be the next probe: it may be the job that is at fault.
        Outcome.Threw { IsDependencys: true } threw when job.IsProbe => new Transition.Retry(now + retry.DelayAfter(Math.Max(job.Failures + 1, job.Attempt), chance), threw.Error, Alone: false, threw.Result, Counts: false),
        Outcome.Threw threw when job.Failures + 1 >= job.MaxAttempts => new Transition.Fail(threw.Error, threw.Result),
        Outcome.Threw threw => new Transition.Retry(now + retry.DelayAfter(job.Failures + 1, chance), threw.Error, Alone: false, threw.Result),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "There is no such outcome."),
    };

    /// <summary>What follows from the death of the worker that held the job.</summary>
    /// <remarks>
    /// Only a crash that no other job can have caused counts, so that the neighbours of a poison job lose nothing by it;
    /// and every such crash counts, so that a poison job cannot loop.
    /// </remarks>
    public static Transition AfterCrash(RunningJob job, CrashEvidence evidence, JobError error, DateTimeOffset now) => Honour(evidence switch
    {
        CrashEvidence.NotStarted => new Transition.Release(Started: false),
        CrashEvidence.Ended => new Transition.Release(Started: true, Alone: false, error),
        CrashEvidence.RanAmongOthers => new Transition.Release(Started: true, Alone: true, error),
        CrashEvidence.RanAlone when job.Failures + 1 >= job.MaxAttempts => new Transition.Fail(error),
        CrashEvidence.RanAlone => new Transition.Retry(now, error, Alone: true),
        _ => throw new ArgumentOutOfRangeException(nameof(evidence), evidence, "There is no such evidence."),
    }, job.CancelRequested);

    /// <summary>What a transition becomes once somebody has asked for the job to be cancelled: it is not put back into its line.</summary>
    public static Transition Honour(Transition transition, string? cancelRequested) =>
        cancelRequested is { } reason && transition.Next is JobState.Pending
            ? new Transition.Cancel(reason, Started: transition is not (Transition.Release { Started: false } or Transition.Snooze { Started: false }))
            : transition;

    /// <summary>Whether a request may be carried out on a job in the given state.</summary>
    public static bool Allows(JobState state, JobRequest request) => request switch
    {
        JobRequest.Cancel => !state.IsEnded(),
        JobRequest.Retry => state is JobState.Failed or JobState.Cancelled,
        JobRequest.Delete => state is not JobState.Running,
        _ => false,
    };
}
