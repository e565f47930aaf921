using Steadwork.Storage;

namespace Steadwork.StoreTests.Faults;

/// <summary>A store that does all as it should, for faults to be planted in. What the views of one store share is in <paramref name="memory"/>.</summary>
internal abstract class FaultyStore(IStore inner, FaultMemory memory) : IStore
{
    protected IStore Inner => inner;

    protected FaultMemory Memory => memory;

    public DateTimeOffset Now => inner.Now;

    public virtual Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        inner.EnqueueAsync(jobs, cancellationToken);

    public virtual Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) => inner.AddBatchAsync(batch, cancellationToken);

    public virtual Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) => inner.CloseBatchAsync(batch, cancellationToken);

    public virtual Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) => inner.BatchesAsync(batches, cancellationToken);

    public virtual Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken) =>
        inner.StartWorkerAsync(worker, cancellationToken);

    public virtual Renewal Renew(WorkerId worker) => inner.Renew(worker);

    public int ExchangesAtOnce => inner.ExchangesAtOnce;

    public PrunePace PrunePace => inner.PrunePace;

    public virtual Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        inner.ExchangeAsync(worker, ends, claim, cancellationToken);

    public virtual Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken) => inner.EndWorkerAsync(worker, cancellationToken);

    public virtual Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken) => inner.RecoverAsync(cancellationToken);

    public virtual Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken) =>
        inner.RequestAsync(jobs, request, reason, cancellationToken);

    public virtual Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) => inner.FindAsync(query, cancellationToken);

    public virtual Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken) => inner.StandingAsync(job, cancellationToken);

    public virtual Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) => inner.AttemptsAsync(job, cancellationToken);

    public virtual Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) => inner.StatisticsAsync(cancellationToken);

    public virtual Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) => inner.PauseAsync(scope, name, by, cancellationToken);

    public virtual Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) => inner.ResumeAsync(scope, name, by, cancellationToken);

    public virtual Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        inner.PruneAsync(rules, from, most, cancellationToken);

    public virtual Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        inner.ExpiredAsync(rules, from, most, cancellationToken);

    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => inner.RetentionAsync(cancellationToken);

    public virtual Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) => inner.SetRetentionAsync(rules, by, cancellationToken);

    public Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken) =>
        inner.DefineQueueAsync(queue, definition, cancellationToken);

    public virtual Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) =>
        inner.DefineAsync(schedules, owner, cancellationToken);

    public Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken) => inner.RemoveScheduleAsync(name, by, cancellationToken);

    public virtual Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) => inner.SchedulesAsync(dueBy, cancellationToken);

    public virtual Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken) => inner.TickAsync(ticks, cancellationToken);

    public virtual Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) => inner.SetLimitAsync(limit, by, cancellationToken);

    public virtual Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken) => inner.RemoveLimitAsync(scope, name, by, cancellationToken);

    public virtual Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) => inner.LimitsAsync(cancellationToken);

    public Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken) => inner.LimitOfKeyAsync(key, cancellationToken);

    public virtual Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) => inner.BreakersAsync(cancellationToken);

    public virtual Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken) => inner.SwitchBreakerAsync(name, open, by, cancellationToken);

    public virtual Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken) =>
        inner.AppendAsync(entries, cancellationToken);

    public virtual Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        inner.ReadAsync(after, limit, cancellationToken);

    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp) => inner.Listen(kinds, onWakeUp);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>What a fault must remember to be one.</summary>
internal sealed class FaultMemory
{
    public Dictionary<JobId, LeaseToken> FirstLease { get; } = [];

    public Dictionary<JobId, LeaseToken> LastLease { get; } = [];

    public Dictionary<JobId, JobError> LastError { get; } = [];

    public Dictionary<JobId, NewJob> Enqueued { get; } = [];

    public HashSet<BatchId> Batches { get; } = [];

    public Dictionary<(LimitScope, string), RateLimit> Limits { get; } = [];

    public Dictionary<string, BreakerDefinition> Breakers { get; } = [];

    public ClaimedJob? LastClaimed { get; set; }
}
