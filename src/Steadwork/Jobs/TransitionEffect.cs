namespace Steadwork;

/// <summary>What a transition changes on a job, in the terms of any store. A store writes these values and decides nothing.</summary>
/// <param name="State">The state afterwards.</param>
/// <param name="RunAt">When it may run; null leaves the time as it was.</param>
/// <param name="Ready">Whether that time has come.</param>
/// <param name="GivesBackAttempt">Whether the attempt never began and gives its number back.</param>
/// <param name="CountsFailure">Whether the attempt counts against the maximum.</param>
/// <param name="Alone">Whether it is next claimed with no other beside it.</param>
/// <param name="Error">The error to keep; null keeps none that was not there.</param>
/// <param name="Result">What the attempt left behind, UTF-8 JSON; it becomes the job's result only when the job has ended by it.</param>
public readonly record struct TransitionEffect(JobState State, DateTimeOffset? RunAt, bool Ready, bool GivesBackAttempt, bool CountsFailure, bool Alone, JobError? Error, ReadOnlyMemory<byte> Result)
{
    /// <summary>Whether the job goes back as if it had never been claimed: what its start counted for counts no more.</summary>
    public bool IsUnstarted => GivesBackAttempt && !State.IsEnded();

    /// <summary>Whether the job, which had begun, may run again now: if it has kept its place behind an exclusive key, it counts there once more.</summary>
    internal bool RunsAgainAtOnce => Ready && !IsUnstarted;

    /// <summary>The effect of a transition at a time.</summary>
    /// <param name="transition">The transition.</param>
    /// <param name="alone">Whether the job had been claimed alone: one that goes back unstarted still is.</param>
    /// <param name="now">The time of the change.</param>
    public static TransitionEffect Of(Transition transition, bool alone, DateTimeOffset now) => transition switch
    {
        Transition.Retry retry => new(JobState.Pending, retry.RunAt, retry.RunAt <= now, false, retry.Counts, retry.Alone, retry.Error, retry.Result),
        Transition.Snooze snooze => new(JobState.Pending, snooze.RunAt, snooze.RunAt <= now, !snooze.Started, false, alone && !snooze.Started, null, default),
        Transition.Fail fail => new(JobState.Failed, null, false, false, true, false, fail.Error, fail.Result),
        Transition.Release release => new(JobState.Pending, null, true, !release.Started, false, release.Alone || (alone && !release.Started), release.Error, default),
        Transition.Succeed succeed => new(JobState.Succeeded, null, false, false, false, false, null, succeed.Result),
        Transition.Cancel cancel => new(JobState.Cancelled, null, false, !cancel.Started, false, false, null, default),
        _ => throw new ArgumentOutOfRangeException(nameof(transition), transition, "There is no such transition."),
    };
}
