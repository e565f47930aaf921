namespace Steadwork;

/// <summary>How an attempt came to its end, before anything has been decided about the job. A closed set.</summary>
public abstract record Outcome
{
    private Outcome() { }

    /// <summary>The handler returned.</summary>
    /// <param name="Result">Its result as UTF-8 JSON; empty when it gave none.</param>
    public sealed record Returned(ReadOnlyMemory<byte> Result) : Outcome;

    /// <summary>The handler threw, or its program ended with an error.</summary>
    /// <param name="Error">What went wrong.</param>
    /// <param name="Permanent">Whether the handler said that another attempt is pointless.</param>
    /// <param name="Result">What it left behind all the same, UTF-8 JSON; empty for nothing.</param>
    /// <param name="IsDependencys">Whether it is something that the job depends on that failed.</param>
    public sealed record Threw(JobError Error, bool Permanent = false, ReadOnlyMemory<byte> Result = default, bool IsDependencys = false) : Outcome;

    /// <summary>
    /// The handler returned after it had ended the job in a transaction of its own. If the job has not ended by that, the
    /// transaction was not committed, and the work is not done.
    /// </summary>
    public sealed record EndedInTransaction : Outcome;

    /// <summary>The handler asked to be run again later, or this worker leaves the job to others; this is no failure.</summary>
    /// <param name="Delay">How much later.</param>
    /// <param name="Started">Whether the handler had begun.</param>
    public sealed record Postponed(TimeSpan Delay, bool Started = true) : Outcome;

    /// <summary>The handler stopped because somebody had cancelled the job.</summary>
    /// <param name="Reason">Who or why, for people.</param>
    public sealed record CancelledByRequest(string Reason) : Outcome;

    /// <summary>The worker stopped before the handler had ended, or before it had begun.</summary>
    /// <param name="Started">Whether the handler had begun.</param>
    public sealed record Interrupted(bool Started) : Outcome;
}
