using System.Data.Common;
using System.Text.Json;
using Steadwork.Machine;
using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Jobs;
using Steadwork.Sqlite.Machine;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite;

/// <summary>Durable jobs in one SQLite file. Any number of processes of one machine may open it at once.</summary>
public sealed partial class SqliteStore : IStore, ITransactionalStore, IExaminableStore
{
    private const int FewJobs = 16;

    private readonly SqliteStoreOptions options;
    private readonly string storeId;
    private readonly LifeLines lifeLines;
    private readonly Doorbell doorbell;
    private readonly Readers readers;
    private readonly Heartbeat heartbeat;
    private readonly WriteThread writer;
    private readonly CallersTransaction callers;

    private SqliteStore(string path, SqliteStoreOptions options, StoreFolder folder)
    {
        this.options = options;
        Path = path;
        lifeLines = new LifeLines(folder.Workers);
        doorbell = new Doorbell(folder.Bells);
        readers = new Readers(path);
        heartbeat = new Heartbeat(path, folder.Turns, options);
        writer = new WriteThread(path, folder.Turns, options, doorbell.Ring);
        callers = new CallersTransaction(path, options.Clock, doorbell.Ring);
        storeId = readers.Read(database => database["store-id"].First(row => row.Text(0)))!;
    }

    /// <summary>The full path of the database file.</summary>
    public string Path { get; }

    /// <summary>Opens a store; a missing one is made, an older one migrated.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="options">How to open it; null takes the defaults.</param>
    /// <exception cref="StoreUnavailableException">It cannot be opened, is not ours, or is of a newer version.</exception>
    public static SqliteStore Open(string path, SqliteStoreOptions? options = null)
    {
        options ??= new SqliteStoreOptions();
        try
        {
            var full = RealPath(path);
            if (Directory.Exists(full))
                throw new StoreUnavailableException($"'{full}' is a folder; a store is a file.");
            if (!options.Create && new FileInfo(full) is not { Exists: true, Length: > 0 })
                throw new StoreUnavailableException($"There is no store at '{full}'.");
            var existed = File.Exists(full);
            var folder = new StoreFolder(full);
            try
            {
                return Opening.Open(full, folder, () => new SqliteStore(full, options, folder));
            }
            catch (StoreUnavailableException) when (existed)
            {
                // A stranger's file must not be left with our folder beside it.
                folder.RemoveIfNew();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The store '{path}' cannot be opened: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public DateTimeOffset Now => options.Clock.GetUtcNow();

    /// <inheritdoc/>
    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        writer.WriteAsync<IReadOnlyList<EnqueuedJob>>(transaction => Enqueue(transaction, jobs), cancellationToken, isLong: jobs.Count > FewJobs);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken) =>
        AtOnce<IReadOnlyList<EnqueuedJob>>(() => callers.Change(transaction, own => Enqueue(own, jobs)), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => NewBatches.Add(transaction, batch, Enqueue), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredBatch> AddBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken) =>
        AtOnce(() => callers.Change(transaction, own => NewBatches.Add(own, batch, Enqueue)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => NewBatches.Close(transaction, batch), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<BatchView>>(database => Reading.Batches(database, batches), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SettleAsync(AttemptEnd end, DbTransaction transaction, CancellationToken cancellationToken) =>
        AtOnce(() => callers.Change(transaction, own => Ends.Apply(own, end)), cancellationToken);

    /// <inheritdoc/>
    public async Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken)
    {
        var id = await writer.WriteAsync(transaction => Register(transaction, worker), cancellationToken).ConfigureAwait(false);
        return new WorkerSession(id, Identity(id), lifeLines.Tie(id, worker.Capacity), lifeLines.ProgramsOf(id));
    }

    /// <inheritdoc/>
    public Renewal Renew(WorkerId worker) => heartbeat.Renew(worker);

    /// <inheritdoc/>
    public Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction =>
        {
            var accepted = Each(ends, end => Ends.Apply(transaction, end));
            transaction.Family.TakeUp();
            transaction.Admit();
            if (ends.Any(end => end.Calls is not null))
                transaction.Breakers.Count(transaction, worker, ends.SelectMany(end => end.Calls ?? []));
            var alive = transaction.Database["worker-alive"].Bind(1, worker.Value).First(_ => true);
            IReadOnlyList<ClaimedJob> claimed = alive && claim is not null ? Claims.Claim(transaction, worker, claim) : [];
            // What falls due in a retired store is no reason to ask again.
            return new Exchange(accepted, claimed, transaction.Retirement is null ? Claims.NextDue(transaction) : null, alive)
            {
                Shut = transaction.Breakers.Shut,
                NextTick = transaction.Retirement is null ? Schedules.NextTick(transaction.Database) : null,
            };
        }, cancellationToken, inTurn: true);

    /// <inheritdoc/>
    public async Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken)
    {
        var marks = lifeLines.MarksOf(worker);
        var error = new JobError(AttemptOutcomes.CrashType, $"Worker {worker} ended while this job's handler would not stop.");
        await writer.WriteAsync(transaction => Recoveries.Recover(transaction, worker, marks, error, LogKinds.WorkerStopped), cancellationToken).ConfigureAwait(false);
        lifeLines.Cut(worker);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken)
    {
        var recovered = new List<RecoveredWorker>();
        foreach (var (worker, held) in lifeLines.TakeDead())
        {
            using (held)
            {
                if (await RecoverAsync(worker, "its process has ended", lifeLines.MarksOf(worker), cancellationToken).ConfigureAwait(false) is { } dead)
                    recovered.Add(dead);
                lifeLines.Cut(worker);
            }
        }
        // A worker of this very process is alive, however late its heartbeat.
        foreach (var worker in Lapsed().Where(worker => !lifeLines.IsOwn(worker)))
        {
            // It takes a while to find and end its programs: meanwhile it must not come back and begin others.
            if (!await writer.WriteAsync(transaction => Condemn(transaction.Database, worker), cancellationToken).ConfigureAwait(false)
                || await RecoverAsync(worker, "its lease has run out", marks: null, cancellationToken).ConfigureAwait(false) is not { } dead)
                continue;
            recovered.Add(dead);
            lifeLines.Cut(worker);
        }
        return recovered;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken) =>
        writer.WriteAsync<IReadOnlyList<RequestAnswer>>(transaction => Each(jobs, job => Requests.CarryOut(transaction, job, request, reason)), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<Job>>(database => Reading.Find(database, query), cancellationToken);

    /// <inheritdoc/>
    public Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken) =>
        ReadAsync(database => Reading.Standing(database, job, Alive, Now), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<Attempt>>(database => Reading.Attempts(database, job), cancellationToken);

    /// <inheritdoc/>
    public async Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken)
    {
        var statistics = await ReadAsync(Reading.Statistics, cancellationToken).ConfigureAwait(false);
        return statistics with { Workers = Alive(statistics.Workers) };
    }

    /// <inheritdoc/>
    public Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Change(transaction, LogKinds.Paused, PauseJson.Write(scope, name, by), database =>
            database["pause"].Bind(1, scope.Name()).Bind(2, name).Bind(3, transaction.Now.ToUnixTimeMilliseconds()).Bind(4, by)), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Change(transaction, LogKinds.Resumed, PauseJson.Write(scope, name, by), database => database["resume"].Bind(1, scope.Name()).Bind(2, name)), cancellationToken);

    /// <inheritdoc/>
    public int ExchangesAtOnce => 1;

    /// <inheritdoc/>
    public PrunePace PrunePace => PrunePace.Gentle;

    /// <inheritdoc/>
    public async Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken)
    {
        var walk = await ReadAsync(database => Pruning.Look(database, rules, from, most, Now), cancellationToken).ConfigureAwait(false);
        return walk.FindsNothing ? walk.Answer(0, 0, 0) : await writer.WriteAsync(transaction => Pruning.Remove(transaction, walk), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        ReadAsync(database => Pruning.Count(database, Pruning.Look(database, rules, from, most, Now)), cancellationToken);

    /// <inheritdoc/>
    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => ReadAsync(Pruning.RetentionOf, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Pruning.SetRetention(transaction, rules, by), cancellationToken);

    /// <inheritdoc/>
    public Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction =>
        {
            transaction.RequireService();
            transaction.Database["define-queue"].Bind(1, queue).Bind(2, definition).Run();
            return transaction.Database["queue-definition"].Bind(1, queue).First(row => row.Text(0))!;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Schedules.Define(transaction, schedules, owner), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Schedules.Remove(transaction, name, by), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<Schedule>>(database => dueBy is { } time ? Schedules.DueBy(database, time) : Schedules.All(database), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken) =>
        writer.WriteAsync<IReadOnlyList<Ticked>>(transaction => Each(ticks, tick => Schedules.Carry(transaction, tick, (own, jobs) => Enqueue(own, jobs))), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken) =>
        writer.WriteAsync<IReadOnlyList<bool>>(transaction => Each(entries, entry => Append(transaction, entry)), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<LogEntry>>(database => Reading.Log(database, after, limit), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken) =>
        ReadAsync(database => Examining.Examine(Path, database, options), cancellationToken);

    /// <inheritdoc/>
    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp) => doorbell.Listen(kinds, onWakeUp);

    /// <summary>Ends the write thread after what was asked of it, and closes the file.</summary>
    public ValueTask DisposeAsync()
    {
        writer.Dispose();
        doorbell.Dispose();
        heartbeat.Dispose();
        readers.Dispose();
        lifeLines.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Lets a worker of this process look dead to all others, as if the process had been killed.</summary>
    internal void Abandon(WorkerId worker) => lifeLines.Untie(worker);

    private string Identity(WorkerId worker) => $"{storeId}/{worker}";

    private static EnqueuedJob[] Enqueue(WriteTransaction transaction, IReadOnlyList<NewJob> jobs, BatchId? made = null)
    {
        transaction.RequireService();
        // Most bring one job, with nothing to look up: it goes past all this without an enumerator.
        var keyed = AnyKeyed(jobs);
        var demanding = keyed ? Uniqueness.Demanding(jobs) : [];
        // Before the first is stored: else one could come after a number that is given only now.
        for (var index = 0; index < jobs.Count; index++)
            transaction.Family.ExpectAll(jobs[index].After);
        for (var index = 0; index < jobs.Count; index++)
        {
            if (jobs[index].Batch is { } batch && batch != made)
                transaction.Batches.RequireOpen(batch);
        }
        if (keyed)
            Enqueueing.Expire(transaction, jobs);
        Enqueueing.Demand(transaction, demanding);
        var answers = Enqueueing.Enqueue(transaction, jobs);
        transaction.Admit();
        var replaces = keyed && jobs.Any(job => job.WhenTaken.Replaces());
        for (var index = 0; index < answers.Length; index++)
        {
            if (answers[index] is var answer && (answer.State is JobState.Waiting || replaces))
                answers[index] = answer with { State = Reading.StateOf(transaction.Database, answer.Id) };
        }
        return answers;
    }

    private static bool AnyKeyed(IReadOnlyList<NewJob> jobs)
    {
        for (var index = 0; index < jobs.Count; index++)
        {
            if (jobs[index].UniqueKey is not null)
                return true;
        }
        return false;
    }

    private WorkerId Register(WriteTransaction transaction, WorkerStart worker)
    {
        transaction.RequireService();
        var lease = (long)worker.Lease.TotalMilliseconds;
        transaction.Database["insert-worker"]
            .Bind(1, worker.Name).Bind(2, Environment.MachineName).Bind(3, Environment.ProcessId).Bind(4, Boot.Id)
            .BindText(5, NamesJson(worker.Queues)).BindText(6, NamesJson(worker.Types))
            .Bind(7, transaction.Now.ToUnixTimeMilliseconds()).Bind(8, lease).Bind(9, Boot.Milliseconds(options.Clock) + lease)
            .BindText(10, NamesJson(worker.Tags)).BindText(11, ClaimRuleJson.Write(worker.Rule)).Run();
        var id = transaction.Database.LastInsertedId;
        transaction.Breakers.Define(worker, transaction.Now);
        transaction.Log(LogKinds.WorkerStarted, transaction.Now, null, null, id);
        return new WorkerId(id);
    }

    private static byte[] NamesJson(IReadOnlyList<string> names) => JsonSerializer.SerializeToUtf8Bytes(names, StoredJson.Default.IReadOnlyListString);

    private List<WorkerId> Lapsed() => readers.Read(database => database["lapsed-workers"]
        .Bind(1, Boot.Id).Bind(2, Boot.Milliseconds(options.Clock))
        .All(row => new WorkerId(row.Long(0))));

    private IReadOnlyList<WorkerView> Alive(IReadOnlyList<WorkerView> workers)
    {
        var lapsed = Lapsed();
        return [.. workers.Where(worker => !lapsed.Contains(worker.Id) && !lifeLines.HasDied(worker.Id))];
    }

    /// <returns>False when it has renewed its lease in time.</returns>
    private bool Condemn(Database database, WorkerId worker)
    {
        database["condemn"].Bind(1, Boot.Id).Bind(2, Boot.Milliseconds(options.Clock)).Bind(3, worker.Value).Run();
        return database.Changes > 0;
    }

    private async Task<RecoveredWorker?> RecoverAsync(WorkerId worker, string reason, IReadOnlyDictionary<LeaseToken, bool>? marks, CancellationToken cancellationToken)
    {
        // The programs of a dead worker must be gone before its jobs can be claimed again: two at once on one job would be worse than a late one.
        lifeLines.EndPrograms(worker, Identity(worker));
        var error = new JobError(AttemptOutcomes.CrashType, $"Worker {worker} was lost while it held this job: {reason}.");
        var jobs = await writer.WriteAsync(transaction => Recoveries.Recover(transaction, worker, marks, error, LogKinds.WorkerDied), cancellationToken).ConfigureAwait(false);
        return jobs is null ? null : new RecoveredWorker(worker, reason, jobs);
    }

    /// <returns>False when there was nothing to change.</returns>
    private static bool Change(WriteTransaction transaction, string kind, ReadOnlyMemory<byte> said, Func<Database, Statement> change)
    {
        transaction.RequireService();
        change(transaction.Database).Run();
        if (transaction.Database.Changes == 0)
            return false;
        transaction.Log(kind, transaction.Now, null, null, null, said);
        transaction.WakeAfterCommit(WakeUp.Jobs);
        return true;
    }

    private static bool Append(WriteTransaction transaction, NewLogEntry entry)
    {
        if (entry.Lease is { } lease && (entry.Job is not { } job || Ends.Look(transaction, job, lease) is null))
            return false;
        if (entry.Lease is null)
            transaction.RequireService();
        transaction.Log(entry.Kind, transaction.Now, entry.Job?.Value, entry.Lease?.Value, null, entry.Data);
        return true;
    }

    private Task<T> ReadAsync<T>(Func<Database, T> question, CancellationToken cancellationToken) => AtOnce(() => readers.Read(question), cancellationToken);

    /// <summary>Does something on the caller's thread, with its error in the task.</summary>
    private static Task<T> AtOnce<T>(Func<T> act, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        try
        {
            return Task.FromResult(act());
        }
        catch (Exception error)
        {
            return Task.FromException<T>(error);
        }
    }

    private static TOut[] Each<TIn, TOut>(IReadOnlyList<TIn> items, Func<TIn, TOut> answer)
    {
        var answers = new TOut[items.Count];
        for (var index = 0; index < answers.Length; index++)
            answers[index] = answer(items[index]);
        return answers;
    }

    /// <summary>The real path: two names of one file must lead its processes to one folder of locks.</summary>
    internal static string RealPath(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        var file = new FileInfo(System.IO.Path.Combine(RealFolder(System.IO.Path.GetDirectoryName(full)!), System.IO.Path.GetFileName(full)));
        return file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : file.FullName;
    }

    private static string RealFolder(string path)
    {
        var folder = new DirectoryInfo(path);
        if (folder.Parent is not { } parent)
            return folder.FullName;
        if (!folder.Exists)
            throw new DirectoryNotFoundException($"there is no folder '{path}'.");
        var here = new DirectoryInfo(System.IO.Path.Combine(RealFolder(parent.FullName), folder.Name));
        return here.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealFolder(target.FullName) : here.FullName;
    }
}
