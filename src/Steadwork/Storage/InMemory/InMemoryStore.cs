namespace Steadwork.Storage.InMemory;

/// <summary>
/// Jobs in the memory of one process, for tests of handlers and as the reference of what a store does: nothing outlives
/// the process. Every member is thread-safe; one change is made at a time.
/// </summary>
public sealed class InMemoryStore : IStore
{
    private readonly Lock gate = new();
    private readonly string storeId = Guid.NewGuid().ToString("N")[..16];
    private readonly TimeProvider clock;
    private readonly Gatekeeper gatekeeper = new();
    private readonly Ledger ledger;
    private readonly Listeners listeners = new();
    private readonly Dictionary<string, string> queueDefinitions = [];
    private readonly SortedDictionary<(PauseScope Scope, string Name), Pause> pauses = new(ByOrdinal);
    private readonly Board board = new();
    private Retention? retention;
    private readonly Claims claims;
    private readonly Crew crew;
    private readonly Pruning pruning;

    /// <summary>Creates an empty store.</summary>
    /// <param name="clock">The clock of all its times, and of leases; null takes the system's.</param>
    public InMemoryStore(TimeProvider? clock = null)
    {
        this.clock = clock ?? TimeProvider.System;
        ledger = new Ledger(gatekeeper);
        claims = new Claims(ledger, gatekeeper, entry => pauses.ContainsKey((PauseScope.Queue, entry.Job.Queue)) || pauses.ContainsKey((PauseScope.Type, entry.Job.Type)));
        crew = new Crew(ledger, this.clock);
        pruning = new Pruning(ledger, queueDefinitions.ContainsKey);
    }

    /// <inheritdoc/>
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <inheritdoc/>
    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Once(now => Enqueue(jobs, now), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) =>
        Once(now => Add(batch, now), cancellationToken);

    /// <inheritdoc/>
    public Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) =>
        Once(now => Close(batch, now), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<BatchView>>(_ => [.. ledger.Batches.All.Where(batch => batches.Contains(batch.Id))], cancellationToken);

    /// <inheritdoc/>
    public Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken) =>
        Once(now =>
        {
            var (id, marks) = crew.Register(worker, now);
            gatekeeper.Define(worker, now);
            return new WorkerSession(id, $"{storeId}/{id}", marks);
        }, cancellationToken);

    /// <inheritdoc/>
    public Renewal Renew(WorkerId worker)
    {
        lock (gate)
            return new Renewal(crew.Renew(worker), crew.CancellationsOf(worker));
    }

    /// <inheritdoc/>
    public Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Once(now =>
        {
            bool[] accepted = [.. ends.Select(end => ledger.Settle(end, now))];
            ledger.Admit(now);
            foreach (var (breaker, state, by) in gatekeeper.Count(worker, ends.SelectMany(end => end.Calls ?? []), now))
                Tell(GateJson.LogKind(state), GateJson.Said(breaker, GateJson.Calls(by)), now);
            var alive = crew.Knows(worker);
            var claimed = alive && claim is not null ? claims.Claim(worker, claim, now) : [];
            var (due, expiry) = (ledger.Jobs.Delayed.FirstOrDefault()?.Job.RunAt, ledger.Jobs.Expiring.FirstOrDefault()?.Expires);
            return new Exchange(accepted, claimed, new[] { due, expiry, gatekeeper.Next(now) }.Min(), alive) { NextTick = Ticking.Min(schedule => schedule.Next), Shut = gatekeeper.Shut };
        }, cancellationToken);

    /// <inheritdoc/>
    public Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken) =>
        Once(now =>
        {
            crew.End(worker, now);
            return worker;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken) =>
        Once(crew.Recover, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<RequestAnswer>>(now =>
        {
            RequestAnswer[] answers = [.. jobs.Select(job => ledger.CarryOut(job, request, reason, now))];
            ledger.Admit(now);
            return answers;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        Once(_ => Search.Find(ledger.Jobs, query), cancellationToken);

    /// <inheritdoc/>
    public Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken) =>
        Once(now => ledger.Jobs.TryGet(job, out var entry)
            ? Search.Standing(ledger.Jobs, ledger.Family, ledger.Batches, entry, new Rivals(entry.Job, crew.Views, new Barriers(pauses.Values, gatekeeper.Limits(now), gatekeeper.Breakers(now), now)))
            : null, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) =>
        Once(_ => ledger.AttemptsOf(job), cancellationToken);

    /// <inheritdoc/>
    public Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken) =>
        Once(_ => new StoreStatistics(ledger.Jobs.Lanes, crew.Views, ledger.LogPosition, [.. pauses.Values]), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        Once(now => pauses.TryAdd((scope, name), new Pause(scope, name, Times.Whole(now), by)) && Tell(LogKinds.Paused, PauseJson.Write(scope, name, by), now), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        Once(now => pauses.Remove((scope, name)) && Tell(LogKinds.Resumed, PauseJson.Write(scope, name, by), now), cancellationToken);

    /// <inheritdoc/>
    public int ExchangesAtOnce => 1;

    /// <inheritdoc/>
    public PrunePace PrunePace => PrunePace.Gentle;

    /// <inheritdoc/>
    public Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        Once(now => pruning.Step(rules, from, most, now, remove: true), cancellationToken);

    /// <inheritdoc/>
    public Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        Once(now => pruning.Step(rules, from, most, now, remove: false), cancellationToken);

    /// <inheritdoc/>
    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => Once(_ => retention, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) =>
        Once(now =>
        {
            var text = RetentionJson.Write(rules);
            if (retention is { } old && RetentionJson.Write(old.Rules) == text)
                return false;
            retention = new Retention(RetentionJson.Read(text), by, Times.Whole(now));
            ledger.Write(LogKinds.RetentionSet, now, null, null, null, RetentionJson.Told(rules, by));
            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken) =>
        Once(_ =>
        {
            queueDefinitions.TryAdd(queue, definition);
            return queueDefinitions[queue];
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) =>
        Once(now =>
        {
            var changes = ScheduleChanges.Of(board.All, schedules, owner);
            foreach (var put in changes.Puts)
            {
                board.Put(put);
                ledger.Write(LogKinds.ScheduleDefined, now, null, null, null, ScheduleJson.Said(put, owner.By));
            }
            foreach (var name in changes.Removals)
                Remove(name, owner.By, now);
            ledger.Wake(WakeUp.Jobs);
            return changes.Answers;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken) => Once(now => Remove(name, by, now), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<Schedule>>(_ => dueBy is null ? board.All : [.. Ticking.Where(schedule => schedule.Next <= dueBy)], cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<Ticked>>(now => [.. ticks.ToList().ConvertAll(tick => Carry(tick, now))], cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) =>
        Once(now => gatekeeper.Set(limit, by, now) && Tell(LogKinds.LimitSet, GateJson.Said(limit, by), now), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken) =>
        Once(now => gatekeeper.Remove(scope, name) && Tell(LogKinds.LimitRemoved, GateJson.Said(scope, name, by), now), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) => Once(gatekeeper.Limits, cancellationToken);

    /// <inheritdoc/>
    public Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken) => Once(now => gatekeeper.LimitOf(key, now), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) => Once(gatekeeper.Breakers, cancellationToken);

    /// <inheritdoc/>
    public Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken) =>
        Once(now =>
        {
            if (gatekeeper.Switch(name, open, now) is not var (circuit, changed))
                return (Circuit?)null;
            if (changed)
                Tell(GateJson.LogKind(circuit.State), GateJson.Said(name, by), now);
            return circuit;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<bool>>(now => [.. entries.ToList().Select(entry => Append(entry, now))], cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        Once<IReadOnlyList<LogEntry>>(_ => [.. ledger.LogAfter(after).Take(limit)], cancellationToken);

    /// <inheritdoc/>
    public IDisposable Listen(WakeUp kinds, Action<WakeUp> onWakeUp) => listeners.Add(kinds, onWakeUp);

    /// <summary>Does nothing: there is nothing to close.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Lets a worker look dead, as if its process had been killed.</summary>
    internal void Abandon(WorkerId worker)
    {
        lock (gate)
            crew.Abandon(worker);
    }

    /// <summary>Lets a pending job wait for others.</summary>
    internal void Hold(JobId job)
    {
        lock (gate)
        {
            if (ledger.Jobs.TryGet(job, out var entry))
                ledger.Jobs.Put(entry with { Ready = false, Job = entry.Job with { State = JobState.Waiting } });
        }
    }

    private static Comparer<(PauseScope Scope, string Name)> ByOrdinal { get; } = Comparer<(PauseScope Scope, string Name)>.Create((a, b) =>
        a.Scope.CompareTo(b.Scope) is not 0 and var order ? order : string.CompareOrdinal(a.Name, b.Name));

    private IEnumerable<Schedule> Ticking => board.All.Where(schedule => schedule.Next is not null && !pauses.ContainsKey((PauseScope.Schedule, schedule.Name)));

    private StoredBatch Add(NewBatch batch, DateTimeOffset now)
    {
        // What is refused must not leave a batch behind.
        _ = Drafted(batch.JobsOf(default), made: default(BatchId), now);
        var id = ledger.Batches.Add(batch.Name, batch.IsOpen, now);
        var stored = batch.Stored(id, Enqueue(batch.JobsOf(id), now, made: id));
        ledger.Batches.Put(ledger.Batches.Find(id.Value)! with { Follower = stored.Follower?.Id });
        ledger.Batches.Touch(id);
        ledger.Admit(now);
        return stored;
    }

    private bool? Close(BatchId id, DateTimeOffset now)
    {
        if (ledger.Batches.Find(id.Value) is not { } batch)
            return null;
        if (!batch.IsOpen)
            return false;
        ledger.Batches.Put(batch with { IsOpen = false });
        ledger.Batches.Touch(id);
        ledger.Admit(now);
        return true;
    }

    /// <summary>Makes all drafts, so that one that cannot be made leaves none behind, and refuses what must not be stored.</summary>
    private List<Entry> Drafted(IReadOnlyList<NewJob> jobs, BatchId? made, DateTimeOffset now)
    {
        var drafts = jobs.Select(job => Drafts.Of(job, now)).ToList();
        var demanding = Uniqueness.Demanding(jobs);
        if (jobs.SelectMany(job => job.After).Cast<JobId?>().FirstOrDefault(parent => !ledger.Jobs.TryGet(parent!.Value, out _)) is { } missing)
            throw new ParentMissingException(missing);
        foreach (var batch in jobs.Select(job => job.Batch).OfType<BatchId>().Where(batch => batch != made))
        {
            if (ledger.Batches.Find(batch.Value) is not { IsOpen: true })
                throw new BatchNotOpenException(batch, isClosed: ledger.Batches.Find(batch.Value) is not null);
        }
        foreach (var job in demanding)
        {
            if (ledger.Jobs.NextBearerOf(job.UniqueKey!, now) is { } bearer)
                Uniqueness.RequireFor(job, bearer.Job.Id, bearer.Job.Type);
        }
        return drafts;
    }

    private IReadOnlyList<EnqueuedJob> Enqueue(IReadOnlyList<NewJob> jobs, DateTimeOffset now, BatchId? made = null)
    {
        var drafts = Drafted(jobs, made, now);
        // What will never run must not keep a key from one that would.
        foreach (var job in jobs)
        {
            if (job.UniqueKey is { } key && ledger.Jobs.BearerOf(key, now) is { } bearer && Expiry.IsOver(bearer.Expires, now))
                ledger.Expire(bearer, now);
        }
        ledger.Admit(now);
        var answers = new List<EnqueuedJob>(jobs.Count);
        foreach (var (job, draft) in jobs.Zip(drafts))
            answers.Add(ledger.Enqueue(draft, job.WhenTaken, [.. job.After.Select(parent => parent.Value).Union(job.AfterPlaces.Select(place => answers[place].Id.Value)).Union(job.AfterBatch is { } batch ? [-batch.Value] : [])], now));
        ledger.Admit(now);
        return [.. answers.Select(answer => ledger.Jobs.TryGet(answer.Id, out var entry) ? answer with { State = entry.Job.State } : answer)];
    }

    private Ticked Carry(Tick tick, DateTimeOffset now)
    {
        if (!board.Take(tick))
            return Ticked.TooLate;
        if (tick.By is { } by)
            ledger.Write(LogKinds.Triggered, now, null, null, null, ScheduleJson.Said(tick.Schedule.Name, by));
        var answers = Enqueue(tick.Jobs, now);
        foreach (var answer in answers.Where(answer => !answer.Existing))
            board.Enqueued(tick.Schedule.Name, answer.Id);
        return new Ticked(true, answers);
    }

    private bool Remove(string name, string by, DateTimeOffset now)
    {
        if (!board.Remove(name))
            return false;
        pauses.Remove((PauseScope.Schedule, name));
        ledger.Write(LogKinds.ScheduleRemoved, now, null, null, null, ScheduleJson.Said(name, by));
        return true;
    }

    private bool Tell(string kind, ReadOnlyMemory<byte> data, DateTimeOffset now)
    {
        ledger.Write(kind, now, null, null, null, data);
        ledger.Wake(WakeUp.Jobs);
        return true;
    }

    private bool Append(NewLogEntry entry, DateTimeOffset now)
    {
        if (entry.Lease is { } lease && (entry.Job is not { } job || ledger.Jobs.Held(job, lease) is null))
            return false;
        ledger.Write(entry.Kind, now, entry.Job, entry.Lease, worker: null, entry.Data);
        return true;
    }

    /// <summary>Answers one question or makes one change, alone, and wakes whom it concerns.</summary>
    private Task<T> Once<T>(Func<DateTimeOffset, T> answer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        T answered;
        WakeUp wakeUps;
        try
        {
            lock (gate)
            {
                answered = answer(clock.GetUtcNow());
                wakeUps = ledger.TakeWakeUps();
            }
        }
        catch (Exception error)
        {
            return Task.FromException<T>(error);
        }
        listeners.Ring(wakeUps);
        return Task.FromResult(answered);
    }
}
