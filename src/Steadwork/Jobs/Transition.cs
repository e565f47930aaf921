namespace Steadwork;

/// <summary>What becomes of a running job. A closed set: <see cref="JobLifecycle"/> decides on one, a store applies it.</summary>
public abstract record Transition
{
    private Transition() { }

    /// <summary>The state in which the job is afterwards.</summary>
    public abstract JobState Next { get; }

    /// <summary>The word for it in the log.</summary>
    public abstract string Name { get; }

    /// <summary>The job has succeeded.</summary>
    /// <param name="Result">Its result as UTF-8 JSON; empty when there is none.</param>
    public sealed record Succeed(ReadOnlyMemory<byte> Result) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Succeeded;

        /// <inheritdoc/>
        public override string Name => "succeeded";
    }

    /// <summary>The attempt failed or crashed, and the job runs again.</summary>
    /// <param name="RunAt">When at the earliest.</param>
    /// <param name="Error">Why the attempt failed.</param>
    /// <param name="Alone">Whether the job is next claimed with no other beside it, because it has killed its worker.</param>
    /// <param name="Result">What the attempt left behind, UTF-8 JSON; kept with the attempt.</param>
    /// <param name="Counts">Whether it counts against the maximum, as all do but those that were let through to see whether a dependency works again.</param>
    public sealed record Retry(DateTimeOffset RunAt, JobError Error, bool Alone = false, ReadOnlyMemory<byte> Result = default, bool Counts = true) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Pending;

        /// <inheritdoc/>
        public override string Name => "retrying";
    }

    /// <summary>The job runs again later, by its handler's wish or because its worker cannot run it; the attempt does not count.</summary>
    /// <param name="RunAt">When at the earliest.</param>
    /// <param name="Started">Whether the handler had begun: if not the attempt gives its number back.</param>
    public sealed record Snooze(DateTimeOffset RunAt, bool Started = true) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Pending;

        /// <inheritdoc/>
        public override string Name => "snoozed";
    }

    /// <summary>The job has failed for good.</summary>
    /// <param name="Error">Why its last attempt failed.</param>
    /// <param name="Result">What the attempt left behind, UTF-8 JSON; kept with the attempt and as the job's result.</param>
    public sealed record Fail(JobError Error, ReadOnlyMemory<byte> Result = default) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Failed;

        /// <inheritdoc/>
        public override string Name => "failed";
    }

    /// <summary>The job ends as cancelled.</summary>
    /// <param name="Reason">Who or why, for people.</param>
    /// <param name="Started">Whether the handler may have begun: if not the attempt gives its number back.</param>
    public sealed record Cancel(string Reason, bool Started = true) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Cancelled;

        /// <inheritdoc/>
        public override string Name => "cancelled";
    }

    /// <summary>The job goes back into its line and the attempt does not count.</summary>
    /// <param name="Started">Whether the handler may have begun: if so the attempt keeps its number, else the number is given back.</param>
    /// <param name="Alone">Whether the job is next claimed with no other beside it, because it may have killed its worker.</param>
    /// <param name="Error">The crash that it was part of; null when its worker gave it back in good order.</param>
    public sealed record Release(bool Started, bool Alone = false, JobError? Error = null) : Transition
    {
        /// <inheritdoc/>
        public override JobState Next => JobState.Pending;

        /// <inheritdoc/>
        public override string Name => "released";
    }
}
