namespace Steadwork.Storage.InMemory;

/// <summary>Removes what has had its time.</summary>
/// <param name="ledger">The jobs and the log.</param>
/// <param name="isDefined">Whether a queue has a definition.</param>
internal sealed class Pruning(Ledger ledger, Func<string, bool> isDefined)
{
    public Pruned Step(RetentionRules rules, PruneMark from, int most, DateTimeOffset now, bool remove)
    {
        var walk = new PruneWalk(rules, from, most, Times.Whole(now));
        walk.Pass([.. ledger.Jobs.All.Where(entry => entry.Id > walk.AfterJob).Take(walk.JobsLookedAt).Select(Passed)]);
        walk.Pass([.. ledger.LogAfter(walk.AfterPosition).Take(walk.EntriesLookedAt).Select(entry => (entry.Position, 1, (DateTimeOffset?)entry.At))]);

        var (jobs, attempts) = (0, 0);
        foreach (var due in walk.Due)
        {
            if (!ledger.Jobs.TryGet(new JobId(due.Id), out var entry) || IsAwaited(entry))
                continue;
            jobs++;
            attempts += ledger.AttemptsOf(entry.Job.Id).Count;
            if (remove)
                ledger.Forget(entry);
        }
        if (remove && walk.Entries > 0)
            ledger.ForgetLog(walk.LastPosition);
        return walk.Answer(jobs, attempts, walk.Entries);
    }

    private PassedJob Passed(Entry entry) =>
        new(entry.Id, entry.Job.Queue, entry.Job.Type, isDefined(entry.Job.Queue), entry.Job.State, entry.Job.CreatedAt, entry.Job.FinishedAt);

    private bool IsAwaited(Entry entry) =>
        ledger.Family.Awaiting(entry.Id).Any(child => ledger.Jobs.TryGet(new JobId(child), out var waiting) && !waiting.Job.State.IsEnded());
}
