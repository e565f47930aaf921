using System.Data.Common;
using Npgsql;
using Steadwork.Machine;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Gates;
using Steadwork.PostgreSql.Jobs;
using Steadwork.PostgreSql.Log;
using Steadwork.PostgreSql.WakeUps;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>Durable jobs in a schema of a PostgreSQL database (13 or newer). Any number of processes on any number of machines may open it at once.</summary>
public sealed partial class PostgreSqlStore : IStore, ITransactionalStore, IExaminableStore
{
    private const int FoldAfter = 2000;

    private readonly Database database;
    private readonly PostgreSqlStoreOptions options;
    private readonly string storeId;
    private readonly WorkerFolder machineFolder;
    private readonly LifeLines lifeLines;
    private readonly Bell bell;
    private readonly EnqueuePump pump;
    private readonly CallersTransaction callers;
    private readonly LineMarks lineMarks;
    private readonly Breakers breakers;
    private readonly Exchanging exchanging;
    private readonly Crew crew;
    private readonly Schedules schedules;
    private readonly Batches batches;
    private readonly Requests requests;
    private readonly Pruning pruning;
    private readonly Reading reading;
    private readonly EventLog log;
    private readonly Heartbeat heartbeat;
    // What the server's clock would have shown, in UTC ticks, when the monotonic clock here was at zero.
    private long timeAtZero;
    private long lookedForLapsed;
    private int changes;

    private PostgreSqlStore(Database database, PostgreSqlStoreOptions options, string storeId, DateTimeOffset now)
    {
        this.database = database;
        this.options = options;
        this.storeId = storeId;
        Told(now);
        lookedForLapsed = options.Clock.GetTimestamp() - (long)(options.LapsedInterval.TotalSeconds * options.Clock.TimestampFrequency);
        machineFolder = options.MachineFolder is { } folder ? new WorkerFolder(folder) : MachineFolder.Of(storeId);
        lifeLines = new LifeLines(machineFolder);
        lineMarks = new LineMarks(options.MarkClock, options.SlowClaim);
        bell = new Bell(database, options, lineMarks.Joined);
        // With few connections, writers must leave some for the rest.
        var lanes = new Lanes(database);
        callers = new CallersTransaction(database, lanes, Changed);
        pump = new EnqueuePump(database, lanes, Math.Min(options.Writers, Math.Max(1, database.MaxConnections / 4)), bell, Noted);
        breakers = new Breakers(database);
        exchanging = new Exchanging(database, lanes, lineMarks, breakers, () => Now, Told);
        crew = new Crew(database);
        schedules = new Schedules(database, lanes, Told);
        batches = new Batches(database, lanes);
        requests = new Requests(database);
        reading = new Reading(database);
        log = new EventLog(database);
        pruning = new Pruning(database, log);
        // A step keeps nobody waiting, unless the connection that it has is one of few.
        PrunePace = database.HasFewConnections ? PrunePace.Gentle : new PrunePace(2000, 1);
        heartbeat = new Heartbeat(database, Told);
    }

    /// <inheritdoc/>
    public DateTimeOffset Now => new(Volatile.Read(ref timeAtZero) + options.Clock.GetElapsedTime(0).Ticks, TimeSpan.Zero);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled<IReadOnlyList<EnqueuedJob>>(cancellationToken)
        : jobs.Count == 0 ? Task.FromResult<IReadOnlyList<EnqueuedJob>>([])
        : pump.EnqueueAsync(jobs);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken) =>
        callers.EnqueueAsync(jobs, transaction, cancellationToken);

    /// <inheritdoc/>
    public async Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        var (stored, wakeUps) = await batches.AddAsync(batch, cancellationToken).ConfigureAwait(false);
        Changed(wakeUps);
        return stored;
    }

    /// <inheritdoc/>
    public Task<StoredBatch> AddBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken) =>
        callers.AddBatchAsync(batch, transaction, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken)
    {
        var closed = await batches.CloseAsync(batch, cancellationToken).ConfigureAwait(false);
        if (closed is true)
            Changed(WakeUp.Jobs | WakeUp.Ends);
        return closed;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        await this.batches.FindAsync(batches, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<bool> SettleAsync(AttemptEnd end, DbTransaction transaction, CancellationToken cancellationToken) =>
        callers.SettleAsync(end, transaction);

    /// <inheritdoc/>
    public async Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken)
    {
        heartbeat.Expect(worker.Lease);
        var id = await crew.RegisterAsync(worker, cancellationToken).ConfigureAwait(false);
        return new WorkerSession(id, Identity(id), lifeLines.Tie(id, worker.Capacity), lifeLines.ProgramsOf(id));
    }

    /// <inheritdoc/>
    public Renewal Renew(WorkerId worker) => heartbeat.Renew(worker);

    /// <inheritdoc/>
    public int ExchangesAtOnce => 2;

    /// <inheritdoc/>
    public async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var (exchange, wakeUps) = await exchanging.ExchangeAsync(worker, ends, claim, cancellationToken).ConfigureAwait(false);
        Changed(wakeUps);
        return exchange;
    }

    /// <inheritdoc/>
    public async Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken)
    {
        var error = new JobError(AttemptOutcomes.CrashType, $"Worker {worker} ended while this job's handler would not stop.");
        var jobs = await crew.BuryAsync(worker, lifeLines.MarksOf(worker), error, LogKinds.WorkerStopped, cancellationToken).ConfigureAwait(false);
        Changed(WakeUpsOf(jobs));
        lifeLines.Cut(worker);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var recovered = new List<RecoveredWorker>();
        foreach (var (worker, held) in lifeLines.TakeDead())
        {
            using (held)
            {
                if (await BuryAsync(worker, "its process has ended", lifeLines.MarksOf(worker), cancellationToken).ConfigureAwait(false) is { } dead)
                    recovered.Add(dead);
                lifeLines.Cut(worker);
            }
        }
        // A worker of this very process is alive, however late its heartbeat.
        Exception? failure = null;
        foreach (var worker in (await LapsedAsync(cancellationToken).ConfigureAwait(false)).Where(worker => !lifeLines.IsOwn(worker)))
        {
            try
            {
                // It takes a while to find and end its programs: meanwhile it must not come back and begin others.
                if (!await crew.CondemnAsync(worker, cancellationToken).ConfigureAwait(false)
                    || await BuryAsync(worker, "its lease has run out", marks: null, cancellationToken).ConfigureAwait(false) is not { } dead)
                    continue;
                recovered.Add(dead);
                lifeLines.Cut(worker);
            }
            catch (Exception error) when (error is StoreUnavailableException or PostgresException)
            {
                // A host that was cut off in the middle of burying it may hold it for a while: the others must not wait for that.
                failure ??= error;
            }
        }
        return failure is null || recovered.Count > 0 ? recovered : throw failure;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (answers, wakeUps) = await requests.CarryOutAsync(jobs, request, reason, cancellationToken).ConfigureAwait(false);
        Changed(wakeUps);
        return answers;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        await reading.FindAsync(query, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken) => reading.StandingAsync(job, lifeLines.HasDied, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) =>
        await reading.AttemptsAsync(job, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken)
    {
        // The position first: whoever follows the log from there must miss nothing that the counts do not show yet.
        var position = await log.PositionAsync(cancellationToken).ConfigureAwait(false);
        var (lanes, workers, pauses) = await reading.CountsAsync(cancellationToken).ConfigureAwait(false);
        workers.RemoveAll(worker => lifeLines.HasDied(worker.Id));
        return new StoreStatistics(lanes, workers, position, pauses);
    }

    /// <inheritdoc/>
    public Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        ChangeAsync(batch => batch.Add("pause", Value.Of(scope.Name()), Value.Of(name), Value.Of(by), PauseLog(scope, name, by)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        ChangeAsync(batch => batch.Add("resume", Value.Of(scope.Name()), Value.Of(name), PauseLog(scope, name, by)), cancellationToken);

    /// <inheritdoc/>
    public PrunePace PrunePace { get; }

    /// <inheritdoc/>
    public async Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken)
    {
        var pruned = await pruning.PruneAsync(rules, from, most, cancellationToken).ConfigureAwait(false);
        Changed();
        return pruned;
    }

    /// <inheritdoc/>
    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => pruning.RetentionAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) =>
        ChangeAsync(batch => batch.Add("put-setting", Value.Of(RetentionJson.Setting), Value.Of(RetentionJson.Write(rules)), Value.Of(by),
            Value.Of(LogKinds.RetentionSet), Value.OfUtf8(RetentionJson.Told(rules, by))), cancellationToken);

    /// <inheritdoc/>
    public Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        pruning.CountAsync(rules, from, most, cancellationToken);

    /// <inheritdoc/>
    public Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken) =>
        database.RunAsync(
            database.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("define-queue", Value.Of(queue), Value.Of(definition)).Add("queue-definition", Value.Of(queue)),
            async reader => (await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Text(0)).ConfigureAwait(false))!, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken)
    {
        var answers = await this.schedules.DefineAsync(schedules, owner, cancellationToken).ConfigureAwait(false);
        Changed(WakeUp.Jobs, joined: false);
        return answers;
    }

    /// <inheritdoc/>
    public Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken) => schedules.RemoveAsync(name, by, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) =>
        await schedules.FindAsync(dueBy, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken)
    {
        var ticked = await schedules.TickAsync(ticks, cancellationToken).ConfigureAwait(false);
        if (ticked.Any(tick => tick.Jobs.Any(job => !job.Existing)))
            Changed(WakeUp.Jobs);
        return ticked;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken) =>
        await log.AppendAsync(entries, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        await log.ReadAsync(after, limit, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken) => new Examining(database, options).ExamineAsync(cancellationToken);

    /// <inheritdoc/>
    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp) => bell.Listen(kinds, onWakeUp);

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await bell.DisposeAsync().ConfigureAwait(false);
        heartbeat.Dispose();
        lifeLines.Dispose();
        machineFolder.RemoveIfEmpty();
        await database.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Lets a worker of this process look dead to all others of the machine, as if the process had been killed.</summary>
    internal void Abandon(WorkerId worker) => lifeLines.Untie(worker);

    private string Identity(WorkerId worker) => $"{storeId}/{worker}";

    private void Told(DateTimeOffset time) => Volatile.Write(ref timeAtZero, time.UtcTicks - options.Clock.GetElapsedTime(0).Ticks);

    private async Task<List<WorkerId>> LapsedAsync(CancellationToken cancellationToken)
    {
        if (options.Clock.GetElapsedTime(lookedForLapsed) < options.LapsedInterval)
            return [];
        lookedForLapsed = options.Clock.GetTimestamp();
        var (lapsed, wakeUps) = await crew.LapsedAsync(cancellationToken).ConfigureAwait(false);
        Changed(wakeUps);
        return lapsed;
    }

    private static NpgsqlParameter PauseLog(PauseScope scope, string name, string by) => Value.OfUtf8(PauseJson.Write(scope, name, by));

    /// <returns>Whether there was something to change.</returns>
    private async Task<bool> ChangeAsync(Func<Batch, Batch> change, CancellationToken cancellationToken)
    {
        var changed = await database.RunAsync(
            change(database.Batch().Add("require-service", Value.Of(database.LockSpace))),
            async reader => await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(_ => true).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (changed)
            Changed(WakeUp.Jobs);
        return changed;
    }

    private async Task<RecoveredWorker?> BuryAsync(WorkerId worker, string reason, IReadOnlyDictionary<LeaseToken, bool>? marks, CancellationToken cancellationToken)
    {
        // The programs of a dead worker must be gone before its jobs can be claimed again: two at once on one job would be worse than a late one.
        lifeLines.EndPrograms(worker, Identity(worker));
        var error = new JobError(AttemptOutcomes.CrashType, $"Worker {worker} was lost while it held this job: {reason}.");
        var jobs = await crew.BuryAsync(worker, marks, error, LogKinds.WorkerDied, cancellationToken).ConfigureAwait(false);
        Changed(WakeUpsOf(jobs));
        return jobs is null ? null : new RecoveredWorker(worker, reason, jobs);
    }

    private static WakeUp WakeUpsOf(List<RecoveredJob>? jobs) =>
        jobs?.Aggregate(WakeUp.None, (kinds, job) => kinds | (job.Transition.Next.IsEnded() ? WakeUp.Ends : WakeUp.Jobs)) ?? WakeUp.None;

    private void Changed(WakeUp wakeUps) => Changed(wakeUps, joined: wakeUps.HasFlag(WakeUp.Jobs));

    /// <summary>Something was committed.</summary>
    /// <param name="wakeUps">What whoever listens may want to know.</param>
    /// <param name="joined">Whether jobs may have joined their line elsewhere than at its end.</param>
    private void Changed(WakeUp wakeUps, bool joined)
    {
        Noted(wakeUps, joined);
        bell.RingOthers(wakeUps, joined);
    }

    /// <summary>Something was committed, of which other processes are told otherwise.</summary>
    private void Noted(WakeUp wakeUps, bool joined)
    {
        if (joined)
            lineMarks.Joined();
        bell.RingHere(wakeUps);
        if (wakeUps is not WakeUp.None)
            Changed();
    }

    /// <summary>Counts may have changed.</summary>
    private void Changed()
    {
        if (Interlocked.Increment(ref changes) % FoldAfter == 0)
            _ = FoldAsync();
    }

    /// <summary>Adds the changes of lanes and batches up, now and then, so that a count never has many of them to add.</summary>
    private async Task FoldAsync()
    {
        try
        {
            foreach (var fold in (string[])["fold-lanes", "fold-batches"])
                await database.RunAsync(database.Batch().Add(fold), static _ => Task.FromResult(true), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or ObjectDisposedException)
        {
            // The next time folds what this one has left.
        }
    }
}
