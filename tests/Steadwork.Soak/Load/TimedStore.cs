using System.Collections.Concurrent;
using System.Diagnostics;
using Steadwork.Storage;

namespace Steadwork.Soak.Load;

/// <summary>Measures how long each exchange that claims takes, and tells which ends the store has taken; all else goes through.</summary>
/// <param name="store">The store.</param>
/// <param name="taken">Told of each job whose end the store has acknowledged.</param>
public sealed class TimedStore(IStore store, Action<JobId>? taken = null) : IStore
{
    private ConcurrentQueue<double> milliseconds = new();

    public DateTimeOffset Now => store.Now;

    /// <summary>The measurements since the last call, in milliseconds.</summary>
    public double[] Take() => [.. Interlocked.Exchange(ref milliseconds, new())];

    public int ExchangesAtOnce => store.ExchangesAtOnce;

    public PrunePace PrunePace => store.PrunePace;

    public async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var exchange = await store.ExchangeAsync(worker, ends, claim, cancellationToken);
        if (claim is not null)
            milliseconds.Enqueue(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        for (var place = 0; place < ends.Count; place++)
        {
            if (exchange.Accepted[place])
                taken?.Invoke(ends[place].Job);
        }
        return exchange;
    }

    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) => store.EnqueueAsync(jobs, cancellationToken);

    public Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken) => store.StartWorkerAsync(worker, cancellationToken);

    public Renewal Renew(WorkerId worker) => store.Renew(worker);

    public Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken) => store.EndWorkerAsync(worker, cancellationToken);

    public Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken) => store.RecoverAsync(cancellationToken);

    public Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken) => store.RequestAsync(jobs, request, reason, cancellationToken);

    public Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) => store.FindAsync(query, cancellationToken);

    public Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken) => store.StandingAsync(job, cancellationToken);

    public Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) => store.AttemptsAsync(job, cancellationToken);

    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) => store.StatisticsAsync(cancellationToken);

    public Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) => store.PauseAsync(scope, name, by, cancellationToken);

    public Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) => store.ResumeAsync(scope, name, by, cancellationToken);

    public Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) => store.AddBatchAsync(batch, cancellationToken);

    public Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) => store.CloseBatchAsync(batch, cancellationToken);

    public Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) => store.BatchesAsync(batches, cancellationToken);

    public Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) => store.PruneAsync(rules, from, most, cancellationToken);

    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => store.RetentionAsync(cancellationToken);

    public Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) => store.SetRetentionAsync(rules, by, cancellationToken);

    public Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) => store.ExpiredAsync(rules, from, most, cancellationToken);

    public Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken) => store.DefineQueueAsync(queue, definition, cancellationToken);

    public Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) => store.SetLimitAsync(limit, by, cancellationToken);

    public Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken) => store.RemoveLimitAsync(scope, name, by, cancellationToken);

    public Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) => store.LimitsAsync(cancellationToken);

    public Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken) => store.LimitOfKeyAsync(key, cancellationToken);

    public Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) => store.BreakersAsync(cancellationToken);

    public Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken) => store.SwitchBreakerAsync(name, open, by, cancellationToken);

    public Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) => store.DefineAsync(schedules, owner, cancellationToken);

    public Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken) => store.RemoveScheduleAsync(name, by, cancellationToken);

    public Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) => store.SchedulesAsync(dueBy, cancellationToken);

    public Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken) => store.TickAsync(ticks, cancellationToken);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken) => store.AppendAsync(entries, cancellationToken);

    public Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) => store.ReadAsync(after, limit, cancellationToken);

    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp) => store.Listen(kinds, onWakeUp);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
