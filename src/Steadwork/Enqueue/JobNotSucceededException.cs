namespace Steadwork;

/// <summary>Somebody waits for the result of a job that has ended without one: it failed, or was cancelled.</summary>
public sealed class JobNotSucceededException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="job">The job as it ended.</param>
    public JobNotSucceededException(Job job)
        : base(Sentence(job))
    {
        Job = job.Id;
        State = job.State;
        Error = job.LastError;
        Reason = job.CancelReason;
    }

    /// <summary>Which job.</summary>
    public JobId Job { get; }

    /// <summary>How it ended: failed or cancelled.</summary>
    public JobState State { get; }

    /// <summary>Why its last attempt failed; null when none did.</summary>
    public JobError? Error { get; }

    /// <summary>Who cancelled it or why, for people; null when it failed.</summary>
    public string? Reason { get; }

    private static string Sentence(Job job) => job switch
    {
        { State: JobState.Cancelled, CancelReason: { } reason } => $"Job {job.Id} was cancelled: {reason}",
        { State: JobState.Failed, LastError: { } error } => $"Job {job.Id} failed: {error.Type}: {error.Message}",
        _ => $"Job {job.Id} {(job.State is JobState.Cancelled ? "was cancelled" : job.State.Name())}.",
    };
}
