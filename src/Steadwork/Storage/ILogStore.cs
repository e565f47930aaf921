namespace Steadwork.Storage;

/// <summary>The append-only log, whose oldest entries are pruned. Each transition of a job is written to it in the transition's own transaction.</summary>
public interface ILogStore
{
    /// <summary>Appends entries, all or nothing as far as their leases hold.</summary>
    /// <returns>For each entry, in order, whether it was written; false for one whose lease is stale.</returns>
    Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken);

    /// <summary>
    /// Reads entries in order. Never skips one that becomes visible later with a smaller position. Where entries after the given
    /// position have been pruned, it goes on with the oldest that there is. Positions have no gaps, so a first entry whose position
    /// is not the one after the given one says that those between are gone; when nothing is left, the answer is empty although
    /// <see cref="StoreStatistics.LogPosition"/> is greater than the given position, and the next entry to be written says it.
    /// </summary>
    /// <param name="after">The position after which to begin; 0 begins at the start.</param>
    /// <param name="limit">How many at the most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken);
}

/// <summary>An entry on its way into the log.</summary>
/// <param name="Kind">The word for what happened.</param>
/// <param name="Job">The job that it is about.</param>
/// <param name="Lease">The lease that the writer must hold; null when none is needed.</param>
/// <param name="Data">More, as UTF-8 JSON; empty when there is none.</param>
public sealed record NewLogEntry(string Kind, JobId? Job, LeaseToken? Lease, ReadOnlyMemory<byte> Data);

/// <summary>One fact in the log.</summary>
/// <param name="Position">Its place, from 1; later facts have greater ones.</param>
/// <param name="At">When it happened.</param>
/// <param name="Kind">The word for what happened; see <see cref="LogKinds"/>.</param>
/// <param name="Job">The job that it is about; null when it is about none.</param>
/// <param name="Lease">The lease under which it happened; null when there was none.</param>
/// <param name="Worker">The worker that did it or that it is about; null when there was none.</param>
/// <param name="Data">More, as UTF-8 JSON; empty when there is none.</param>
public sealed record LogEntry(long Position, DateTimeOffset At, string Kind, JobId? Job, LeaseToken? Lease, WorkerId? Worker, ReadOnlyMemory<byte> Data);

/// <summary>The words of the log that no <see cref="Transition"/> names.</summary>
public static class LogKinds
{
    /// <summary>A job was stored.</summary>
    public const string Enqueued = "enqueued";

    /// <summary>A job was enqueued again under its unique key, and took over something of the newer one.</summary>
    public const string Amended = "amended";

    /// <summary>A job that waited, behind its exclusive key or for others to end, has come to its turn.</summary>
    public const string Admitted = "admitted";

    /// <summary>A job that had been cancelled because of one before it goes on, since that has succeeded after all.</summary>
    public const string Restored = "restored";

    /// <summary>A worker claimed a job.</summary>
    public const string Claimed = "claimed";

    /// <summary>Somebody asked for a running job to be cancelled.</summary>
    public const string CancelRequested = "cancel-requested";

    /// <summary>Somebody had an ended job run again: the data says who or why, <c>{"by":…}</c>.</summary>
    public const string Retried = "retried";

    /// <summary>A job was removed: the data says by whom or why, <c>{"by":…}</c>.</summary>
    public const string Deleted = "deleted";

    /// <summary>A batch has ended: the data says which and how, <c>{"batch":…,"succeeded":…,"failed":…,"cancelled":…,"deleted":…}</c>.</summary>
    public const string BatchEnded = "batch-ended";

    /// <summary>Somebody paused a queue or a type: the data says which and who, <c>{"queue":…,"by":…}</c> or <c>{"type":…,"by":…}</c>.</summary>
    public const string Paused = "paused";

    /// <summary>Somebody resumed a queue or a type, with data as of <see cref="Paused"/>.</summary>
    public const string Resumed = "resumed";

    /// <summary>Somebody set the retention of the store: the data says what and who, <c>{"rules":[…],"log":…,"by":…}</c>.</summary>
    public const string RetentionSet = "retention-set";

    /// <summary>A schedule was defined or changed: the data says which, by whom and to what, <c>{"schedule":…,"by":…,"timing":…,"settings":{…}}</c>.</summary>
    public const string ScheduleDefined = "schedule-defined";

    /// <summary>A schedule was removed: the data says which and by whom, <c>{"schedule":…,"by":…}</c>.</summary>
    public const string ScheduleRemoved = "schedule-removed";

    /// <summary>Somebody had a schedule tick out of turn, with data as of <see cref="ScheduleRemoved"/>.</summary>
    public const string Triggered = "schedule-triggered";

    /// <summary>
    /// Somebody set or changed a rate limit: the data says which, who and to what, <c>{"queue":…,"by":…,"starts":…,"period":…,"smooth":…}</c>, the period in
    /// milliseconds, with <c>type</c> or <c>key</c> in the place of <c>queue</c>.
    /// </summary>
    public const string LimitSet = "limit-set";

    /// <summary>Somebody took a rate limit away: the data says which and who, <c>{"queue":…,"by":…}</c> in the same way.</summary>
    public const string LimitRemoved = "limit-removed";

    /// <summary>A breaker lets nothing through any more: the data says which and why or by whom, <c>{"breaker":…,"by":…}</c>.</summary>
    public const string BreakerOpened = "breaker-opened";

    /// <summary>A breaker lets all through again, with data as of <see cref="BreakerOpened"/>.</summary>
    public const string BreakerClosed = "breaker-closed";

    /// <summary>A handler reported progress.</summary>
    public const string Progress = "progress";

    /// <summary>A worker was registered.</summary>
    public const string WorkerStarted = "worker-started";

    /// <summary>A worker ended in good order.</summary>
    public const string WorkerStopped = "worker-stopped";

    /// <summary>A worker was found dead, and its jobs were recovered.</summary>
    public const string WorkerDied = "worker-died";
}
