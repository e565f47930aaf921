namespace Steadwork.Storage.InMemory;

/// <summary>The registered workers: their leases, their deaths, and what becomes of what they held.</summary>
internal sealed class Crew(Ledger ledger, TimeProvider clock)
{
    private readonly SortedDictionary<long, Member> members = [];
    private long lastWorker;

    private long Monotonic => (long)(clock.GetTimestamp() * 1000.0 / clock.TimestampFrequency);

    /// <summary>The workers that are alive as far as can be seen.</summary>
    public IReadOnlyList<WorkerView> Views => [.. members.Values.Where(member => !member.Gone && member.LeaseUntil >= Monotonic).Select(member => new WorkerView(
        member.Id, member.Start.Name, Environment.MachineName, Environment.ProcessId,
        member.Start.Queues, member.Start.Types, member.StartedAt, ledger.Jobs.HeldBy(member.Id).Count)
        {
            Tags = member.Start.Tags,
            Rule = member.Start.Rule,
        })];

    private sealed class Member(WorkerId id, WorkerStart start, DateTimeOffset startedAt)
    {
        public WorkerId Id => id;
        public WorkerStart Start => start;
        public DateTimeOffset StartedAt => startedAt;
        public Marks Marks { get; } = new(start.Capacity);
        public long LeaseUntil { get; set; }
        public bool Gone { get; set; }
    }

    public (WorkerId Id, Marks Marks) Register(WorkerStart start, DateTimeOffset now)
    {
        var member = new Member(new WorkerId(++lastWorker), start, Times.Whole(now));
        members.Add(member.Id.Value, member);
        Renew(member.Id);
        ledger.Write(LogKinds.WorkerStarted, now, null, null, member.Id);
        return (member.Id, member.Marks);
    }

    public bool Knows(WorkerId worker) => members.ContainsKey(worker.Value);

    /// <returns>False when the worker is not registered.</returns>
    public bool Renew(WorkerId worker)
    {
        if (!members.TryGetValue(worker.Value, out var member))
            return false;
        member.LeaseUntil = Monotonic + (long)member.Start.Lease.TotalMilliseconds;
        return true;
    }

    public IReadOnlyList<Cancellation> CancellationsOf(WorkerId worker) =>
    [
        .. from entry in ledger.Jobs.HeldBy(worker)
           let reason = entry.Job.CancelReason
           where reason is not null
           select new Cancellation(entry.Job.Id, entry.Lease, reason)
    ];

    /// <summary>The worker's process is gone.</summary>
    public void Abandon(WorkerId worker)
    {
        if (!members.TryGetValue(worker.Value, out var member))
            return;
        member.Gone = true;
        member.Marks.Close();
    }

    public void End(WorkerId worker, DateTimeOffset now)
    {
        if (members.TryGetValue(worker.Value, out var member))
            GiveBack(member, member.Marks.Read(), $"Worker {worker} ended while this job's handler would not stop.", LogKinds.WorkerStopped, now);
    }

    public IReadOnlyList<RecoveredWorker> Recover(DateTimeOffset now)
    {
        var recovered = new List<RecoveredWorker>();
        foreach (var member in members.Values.Where(member => member.Gone).ToList())
            recovered.Add(Bury(member, "its process has ended", member.Marks.Read(), now));
        foreach (var member in members.Values.Where(member => member.LeaseUntil < Monotonic).ToList())
            recovered.Add(Bury(member, "its lease has run out", marks: null, now));
        return recovered;
    }

    private RecoveredWorker Bury(Member member, string reason, IReadOnlyDictionary<LeaseToken, bool>? marks, DateTimeOffset now) =>
        new(member.Id, reason, GiveBack(member, marks, $"Worker {member.Id} was lost while it held this job: {reason}.", LogKinds.WorkerDied, now));

    /// <summary>Applies to each job of the worker what the lifecycle says of a crash, and removes the worker.</summary>
    private List<RecoveredJob> GiveBack(Member member, IReadOnlyDictionary<LeaseToken, bool>? marks, string message, string logKind, DateTimeOffset now)
    {
        var held = ledger.Jobs.HeldBy(member.Id);
        var fates = Crash.Fates([.. held.Select(entry => new HeldJob(entry.Job.Id, entry.Lease, entry.Running))], marks, new JobError(AttemptOutcomes.CrashType, message), now);
        var givenBack = new List<RecoveredJob>();
        foreach (var (entry, transition) in held.Zip(fates))
        {
            ledger.Settle(new AttemptEnd(entry.Job.Id, entry.Lease, transition, StartedAt: null), now);
            givenBack.Add(new RecoveredJob(entry.Job.Id, transition));
        }
        ledger.Admit(now);
        member.Marks.Close();
        members.Remove(member.Id.Value);
        ledger.Write(logKind, now, null, null, member.Id);
        return givenBack;
    }
}
