namespace Steadwork.Storage.InMemory;

/// <summary>Gives a worker the jobs that it may run next.</summary>
/// <param name="ledger">The jobs.</param>
/// <param name="gatekeeper">The rate limits and the breakers.</param>
/// <param name="isPaused">Whether the queue or the type of a job is paused.</param>
internal sealed class Claims(Ledger ledger, Gatekeeper gatekeeper, Func<Entry, bool> isPaused)
{
    private long lastLease;

    public IReadOnlyList<ClaimedJob> Claim(WorkerId worker, ClaimRequest request, DateTimeOffset now)
    {
        var unheard = Unheard(worker, request.Known);
        if (request.Max == 0)
            return unheard;
        foreach (var late in ledger.Jobs.Expiring.TakeWhile(entry => Expiry.IsOver(entry.Expires, now)).ToList())
            ledger.Expire(late, now);
        JoinLine(now);
        var gates = gatekeeper.Gates(now);
        int Most(Entry entry) => gates.Most(entry.Job.Queue, entry.Job.Type, request.Max);
        var claimable = ledger.Jobs.Ready.Where(entry => request.Queues.Contains(entry.Job.Queue) && request.Types.Contains(entry.Job.Type) && Requirement.IsMet(entry.Job.Requires, request.Tags) && !isPaused(entry) && Most(entry) > 0);
        var line = request.Rule.IsDefault ? FirstOfEachLane(claimable, Most) : InOrder(claimable, request, Most, Times.Whole(now));
        var passed = gates.Pass(line, entry => entry.Lane).Take(request.Max).ToList();
        var taken = Together(passed, request.Holding + unheard.Count).ToList();
        foreach (var (gate, count) in gates.Count(taken.Select(entry => entry.Lane)).ToList())
            gatekeeper.Passed(gate, count, now);
        return [.. unheard, .. taken.Select(entry => Take(entry, worker, now).Claimed with { IsProbe = gates.AreProbes(entry.Job.Queue, entry.Job.Type) })];
    }

    private static IEnumerable<Entry> FirstOfEachLane(IEnumerable<Entry> claimable, Func<Entry, int> most)
    {
        var taken = new Dictionary<((string, string), string), int>();
        return claimable.Where(entry => (taken[LineOf(entry)] = taken.GetValueOrDefault(LineOf(entry)) + 1) <= most(entry));
    }

    /// <summary>What other stores call its lane.</summary>
    private static ((string Queue, string Type) Lane, string Requires) LineOf(Entry entry) => (entry.Lane, Requirement.Text(entry.Job.Requires));

    private static IReadOnlyList<Entry> InOrder(IEnumerable<Entry> claimable, ClaimRequest request, Func<Entry, int> most, DateTimeOffset now)
    {
        var heads = claimable.GroupBy(entry => (LineOf(entry), entry.Job.Priority))
            .SelectMany(line => request.Rule.Order is ClaimOrder.Lifo ? line.Reverse().Take(most(line.First())) : line.Take(most(line.First())));
        return request.Rule.Sort(heads, entry => new ClaimPlace(entry.Job.Queue, entry.Job.Priority, entry.Id, entry.Job.RunAt), request.Queues, now, Random.Shared.NextDouble);
    }

    /// <summary>What the worker holds without knowing.</summary>
    private List<ClaimedJob> Unheard(WorkerId worker, IReadOnlyCollection<LeaseToken>? known) =>
        known is null ? [] : [.. ledger.Jobs.HeldBy(worker).Where(entry => !known.Contains(entry.Lease)).Select(entry => entry.Claimed)];

    private void JoinLine(DateTimeOffset now)
    {
        foreach (var entry in ledger.Jobs.Delayed.TakeWhile(entry => entry.Job.RunAt <= now).ToList())
        {
            var joined = entry.Placed(now);
            ledger.Jobs.Put(joined);
            ledger.Arrive(joined);
            ledger.Wake(WakeUp.Jobs);
            if (joined is { Slot: not null, Job.ExclusiveKey: { } key })
                gatekeeper.RunsAgain(key, now);
        }
        foreach (var key in gatekeeper.TakeFreedKeys(now))
            ledger.Loosen(key);
        ledger.Admit(now);
    }

    /// <summary>A job that must be claimed alone is given only to a worker that holds nothing, and stops all behind it.</summary>
    private static IEnumerable<Entry> Together(List<Entry> heads, int holding) =>
        heads is [{ Job.Alone: true }, ..] && holding == 0 ? heads.Take(1) : heads.TakeWhile(entry => !entry.Job.Alone);

    private Entry Take(Entry entry, WorkerId worker, DateTimeOffset now)
    {
        var taken = entry with
        {
            Ready = false,
            Lease = new LeaseToken(++lastLease),
            Job = entry.Job with { State = JobState.Running, Worker = worker, Attempt = entry.Job.Attempt + 1, StartedAt = Times.Whole(now) },
        };
        ledger.Jobs.Put(taken);
        ledger.Write(LogKinds.Claimed, now, taken.Job.Id, taken.Lease, worker);
        return taken;
    }
}
