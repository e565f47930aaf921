namespace Steadwork.Storage.InMemory;

/// <summary>Gives a worker the jobs that it may run next.</summary>
/// <param name="ledger">The jobs.</param>
/// <param name="isPaused">Whether the queue or the type of a job is paused.</param>
internal sealed class Claims(Ledger ledger, Func<Entry, bool> isPaused)
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
        var claimable = ledger.Jobs.Ready.Where(entry => request.Queues.Contains(entry.Job.Queue) && request.Types.Contains(entry.Job.Type) && Requirement.IsMet(entry.Job.Requires, request.Tags) && !isPaused(entry));
        var line = request.Rule.IsDefault ? claimable : InOrder(claimable, request, Times.Whole(now));
        return [.. unheard, .. Together([.. line.Take(request.Max)], request.Holding + unheard.Count).Select(entry => Take(entry, worker, now).Claimed)];
    }

    private static IReadOnlyList<Entry> InOrder(IEnumerable<Entry> claimable, ClaimRequest request, DateTimeOffset now)
    {
        var heads = claimable.GroupBy(entry => (entry.Lane, entry.Job.Priority))
            .SelectMany(line => request.Rule.Order is ClaimOrder.Lifo ? line.Reverse().Take(request.Max) : line.Take(request.Max));
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
        }
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
