using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Gives a worker the jobs that it may run next.</summary>
internal static class Claims
{
    private const int JoinAtOnce = 1000;
    private const int ExpireAtOnce = 1000;

    private readonly record struct Head(long Id, int Priority, bool Alone, long RunAt, long? ExpiresAt, string Queue, string Type, long Lane);

    public static List<ClaimedJob> Claim(WriteTransaction transaction, WorkerId worker, ClaimRequest request)
    {
        var now = transaction.Now;
        var claimed = request.Known is { } known ? Unheard(transaction.Database, worker, known) : [];
        if (request.Max == 0 || transaction.Retirement is not null)
            return claimed;
        var (due, expiry) = NextTimes(transaction.Database);
        if (Expiry.IsOver(expiry, now))
            Expire(transaction, transaction.Database["expired"].Bind(1, now.ToUnixTimeMilliseconds()).Bind(2, ExpireAtOnce));
        if (due <= now)
            JoinLines(transaction, now);
        transaction.Limits.TakeFreedKeys(now).ForEach(transaction.Keys.Loosen);
        transaction.Flush();

        var gates = GatesOf(transaction, now);
        var heads = Together(Heads(transaction.Database, request, gates, now), request.Holding + claimed.Count);
        if (heads.Count == 0)
            return claimed;

        var lease = transaction.Database["take-leases"].Bind(1, heads.Count).First(row => row.Long(0)) - heads.Count;
        foreach (var head in heads)
            claimed.Add(Take(transaction, head, worker, new LeaseToken(++lease), now) with { IsProbe = gates.AreProbes(head.Queue, head.Type) });
        foreach (var (gate, count) in gates.Count(heads.Select(head => (head.Queue, head.Type))))
            Passed(transaction, gate, count, now);
        return claimed;
    }

    private static ClaimGates GatesOf(WriteTransaction transaction, DateTimeOffset now) => new(
        [
            .. transaction.Limits.All.Where(limit => limit.Scope is not LimitScope.Key)
                .Select(limit => new Gate(limit.Scope is LimitScope.Queue ? GateKind.Queue : GateKind.Type, limit.Name, transaction.Limits.Left(limit, now))),
            .. transaction.Breakers.Gates(now),
        ],
        transaction.Breakers.BreakersOf);

    private static void Passed(WriteTransaction transaction, Gate gate, int count, DateTimeOffset now)
    {
        if (gate.Kind is GateKind.Breaker)
            transaction.Breakers.Passed(gate.Name, count, now);
        else
            transaction.Limits.Use(transaction.Limits.All.First(limit => limit.Name == gate.Name && limit.Scope == (gate.Kind is GateKind.Queue ? LimitScope.Queue : LimitScope.Type)), gate.Name, count, now);
    }

    /// <summary>What the worker holds without knowing.</summary>
    private static List<ClaimedJob> Unheard(Database database, WorkerId worker, IReadOnlyCollection<LeaseToken> known)
    {
        var held = database["held-whole"].Bind(1, worker.Value).All(row => Claimed(row, new JobId(row.Long(9)), new LeaseToken(row.Long(10)), row.Text(11), row.Text(12)));
        held.RemoveAll(job => known.Contains(job.Lease));
        return held;
    }

    /// <summary>When the next delayed job falls due, the next one expires, or more are let through, whichever is earliest.</summary>
    public static DateTimeOffset? NextDue(WriteTransaction transaction)
    {
        var (due, expiry) = NextTimes(transaction.Database);
        return new[] { due, expiry, transaction.Limits.Next(transaction.Now), transaction.Breakers.Next(transaction.Now) }.Min();
    }

    /// <summary>When the next delayed job falls due, and when the next one expires.</summary>
    public static (DateTimeOffset? Due, DateTimeOffset? Expiry) NextTimes(Database database) =>
        database["next-due"].First(row => (Time(row.LongOrNull(0)), Time(row.LongOrNull(1))));

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } some ? DateTimeOffset.FromUnixTimeMilliseconds(some) : null;

    /// <summary>Ends jobs that are not worth beginning any more.</summary>
    public static void Expire(WriteTransaction transaction, Statement expired)
    {
        foreach (var (id, expiresAt) in expired.All(row => (new JobId(row.Long(0)), DateTimeOffset.FromUnixTimeMilliseconds(row.Long(1)))))
            Requests.CancelInLine(transaction, id, Expiry.Reason(expiresAt));
    }

    private static void JoinLines(WriteTransaction transaction, DateTimeOffset now)
    {
        transaction.Database["join-line"].Bind(1, now.ToUnixTimeMilliseconds()).Bind(2, JoinAtOnce).Each(joined =>
        {
            var lane = joined.Long(0);
            if (joined.Int(1) == 1)
            {
                transaction.Lanes.CountReady(lane, +1);
                if (joined.TextOrNull(3) is { } again)
                    transaction.Limits.RunsAgain(again, now);
                return true;
            }
            transaction.Lanes.Move(lane, JobState.Pending, JobState.Waiting);
            transaction.Batches.Move(joined.LongOrNull(4), JobState.Pending, JobState.Waiting);
            transaction.Keys.Arrive(joined.Text(3), joined.Long(2));
            return true;
        });
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }

    /// <summary>The best jobs of all lanes that the worker serves, in claim order.</summary>
    private static List<Head> Heads(Database database, ClaimRequest request, ClaimGates gates, DateTimeOffset now)
    {
        var lanes = database["ready-lanes"].All(row => (Id: row.Long(0), Queue: row.Text(1), Type: row.Text(2), Requires: row.Text(3)));
        lanes.RemoveAll(lane => !request.Queues.Contains(lane.Queue) || !request.Types.Contains(lane.Type) || !Requirement.IsMet(Requirement.Read(lane.Requires), request.Tags));
        var heads = new List<Head>();
        foreach (var (lane, queue, type, _) in lanes)
        {
            var most = gates.Most(queue, type, request.Max);
            if (most == 0)
                continue;
            if (request.Rule.IsDefault)
                Add(database["lane-head"].Bind(1, lane).Bind(2, most));
            else
                PrioritiesOf(database, lane).ForEach(priority => Add(database[request.Rule.Order is ClaimOrder.Lifo ? "priority-tail" : "priority-head"].Bind(1, lane).Bind(2, priority).Bind(3, most)));

            void Add(Statement rows) =>
                heads.AddRange(rows.All(row => new Head(row.Long(0), row.Int(1), row.Int(2) == 1, row.Long(3), row.LongOrNull(4), queue, type, lane)));
        }
        if (!request.Rule.IsDefault)
            heads = [.. request.Rule.Sort(heads, head => new ClaimPlace(head.Queue, head.Priority, head.Id, DateTimeOffset.FromUnixTimeMilliseconds(head.RunAt)), request.Queues, now, Random.Shared.NextDouble)];
        else if (lanes.Count > 1)
            heads.Sort((a, b) => (a.Priority, a.Id).CompareTo((b.Priority, b.Id)));
        heads = [.. gates.Pass(heads, head => (head.Queue, head.Type))];
        if (heads.Count > request.Max)
            heads.RemoveRange(request.Max, heads.Count - request.Max);
        // Those that could not all be ended yet. To look behind them for others would take as long as there are many.
        heads.RemoveAll(head => head.ExpiresAt <= now.ToUnixTimeMilliseconds());
        return heads;
    }

    /// <summary>The priorities at which a lane has jobs that may run, by stepping from one to the next: the jobs between them are not looked at.</summary>
    public static List<int> PrioritiesOf(Database database, long lane)
    {
        var priorities = new List<int>();
        while (database["next-priority"].Bind(1, lane).Bind(2, priorities.LastOrDefault()).First(row => (int?)row.Int(0)) is { } next)
            priorities.Add(next);
        return priorities;
    }

    /// <summary>
    /// Cuts the list before a job that must be claimed alone: it is given only to a worker that holds nothing else. That
    /// worker stops at it until it holds nothing, so that such a job is not passed over for ever.
    /// </summary>
    private static List<Head> Together(List<Head> heads, int holding)
    {
        var alone = heads.FindIndex(head => head.Alone);
        if (alone < 0)
            return heads;
        var length = alone == 0 && holding == 0 ? 1 : alone;
        return heads.GetRange(0, length);
    }

    private static ClaimedJob Take(WriteTransaction transaction, Head head, WorkerId worker, LeaseToken lease, DateTimeOffset now)
    {
        transaction.Database["claim"].Bind(1, head.Id).Bind(2, worker.Value).Bind(3, lease.Value).Bind(4, now.ToUnixTimeMilliseconds()).Run();
        var job = transaction.Database["claimed"].Bind(1, head.Id).First(row => Claimed(row, new JobId(head.Id), lease, head.Type, head.Queue))!;
        transaction.Lanes.CountReady(head.Lane, -1);
        transaction.Lanes.Move(head.Lane, JobState.Pending, JobState.Running);
        transaction.Batches.Move(job.BatchId?.Value, JobState.Pending, JobState.Running);
        transaction.Log(LogKinds.Claimed, now, head.Id, lease.Value, worker.Value);
        return job;
    }

    private static ClaimedJob Claimed(Statement row, JobId id, LeaseToken lease, string type, string queue) => new()
    {
        Id = id,
        Lease = lease,
        Type = type,
        Queue = queue,
        Attempt = row.Int(0),
        Failures = row.Int(1),
        MaxAttempts = row.Int(2),
        Alone = row.Int(3) == 1,
        Timeout = row.LongOrNull(4) is { } timeout ? TimeSpan.FromMilliseconds(timeout) : null,
        TraceParent = row.TextOrNull(5),
        Tags = TagsJson.Read(row.TextOrNull(6)),
        Payload = row.Bytes(7),
        BatchId = row.LongOrNull(8) is { } batch ? new BatchId(batch) : null,
    };
}
