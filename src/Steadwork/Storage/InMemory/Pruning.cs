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
        walk.Pass([.. ledger.Batches.All.Where(batch => batch.Id.Value > walk.AfterBatch).Take(walk.BatchesLookedAt).Select(batch => new PassedBatch(batch.Id.Value, batch.CreatedAt, batch.EndedAt))]);
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
        foreach (var batch in walk.DueBatches.Where(batch => remove && !IsLeft(batch)))
            ledger.Batches.Remove(batch);
        if (remove && walk.Entries > 0)
            ledger.ForgetLog(walk.LastPosition);
        return walk.Answer(jobs, attempts, walk.Entries);
    }

    private PassedJob Passed(Entry entry) =>
        new(entry.Id, entry.Job.Queue, entry.Job.Type, isDefined(entry.Job.Queue), entry.Job.State, entry.Job.CreatedAt, entry.Job.FinishedAt, entry.UniqueUntil);

    private bool IsAwaited(Entry entry) =>
        IsAwaited(entry.Id) || (entry.Job is { BatchId: { } batch, State: not JobState.Succeeded } && IsAwaited(-batch.Value));

    /// <summary>Whether a job of a batch, or its follower, is still there.</summary>
    private bool IsLeft(long batch) =>
        ledger.Jobs.All.Any(entry => entry.Job.BatchId == new BatchId(batch)) || (ledger.Batches.Find(batch)!.Follower is { } follower && ledger.Jobs.TryGet(follower, out _));

    private bool IsAwaited(long parent) =>
        ledger.Family.Awaiting(parent).Any(child => ledger.Jobs.TryGet(new JobId(child), out var waiting) && !waiting.Job.State.IsEnded());
}
