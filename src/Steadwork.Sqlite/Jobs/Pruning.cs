using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Removes what has had its time. It is looked for without the write lock, which is taken for what was found alone.</summary>
internal static class Pruning
{
    public static Retention? RetentionOf(Database database) => database["setting"].Bind(1, RetentionJson.Setting)
        .First(row => new Retention(RetentionJson.Read(row.Text(0)), row.Text(1), DateTimeOffset.FromUnixTimeMilliseconds(row.Long(2))));

    /// <returns>False when the same is set already.</returns>
    public static bool SetRetention(WriteTransaction transaction, RetentionRules rules, string by)
    {
        transaction.RequireService();
        transaction.Database["put-setting"].Bind(1, RetentionJson.Setting).Bind(2, RetentionJson.Write(rules)).Bind(3, by).Bind(4, transaction.Now.ToUnixTimeMilliseconds()).Run();
        if (transaction.Database.Changes == 0)
            return false;
        transaction.Log(LogKinds.RetentionSet, transaction.Now, null, null, null, RetentionJson.Told(rules, by));
        return true;
    }

    private readonly record struct Target(long Lane, JobState State, bool IsParent, long? Batch, int Attempts);

    /// <summary>Looks for it.</summary>
    public static PruneWalk Look(Database database, RetentionRules rules, PruneMark from, int most, DateTimeOffset now)
    {
        var walk = new PruneWalk(rules, from, most, Times.Whole(now));
        walk.Pass(database["pass-jobs"].Bind(1, walk.AfterJob).Bind(2, walk.JobsLookedAt).All(row => new PassedJob(
            row.Long(0), row.Text(1), row.Text(2), row.Int(3) == 1, JobStates.Parse(row.Text(4)), Time(row.Long(5)), row.LongOrNull(6) is { } finished ? Time(finished) : null, row.LongOrNull(7) is { } until ? Time(until) : null)));
        walk.Pass(database["pass-batches"].Bind(1, walk.AfterBatch).Bind(2, walk.BatchesLookedAt).All(row => new PassedBatch(row.Long(0), Time(row.Long(1)), row.LongOrNull(2) is { } ended ? Time(ended) : null)));
        walk.Pass(database["pass-log"].Bind(1, walk.AfterPosition).Bind(2, walk.EntriesLookedAt).All(row => (row.Long(0), row.Int(1), (DateTimeOffset?)Time(row.Long(2)))));
        return walk;
    }

    /// <summary>Counts what was found.</summary>
    public static Pruned Count(Database database, PruneWalk walk)
    {
        var targets = walk.Due.Select(due => Find(database, due)).OfType<Target>().ToList();
        return walk.Answer(targets.Count, targets.Sum(target => target.Attempts), walk.Entries);
    }

    /// <summary>Removes what was found and is still as it was.</summary>
    public static Pruned Remove(WriteTransaction transaction, PruneWalk walk)
    {
        transaction.RequireService();
        var database = transaction.Database;
        var (jobs, attempts, entries) = (0, 0, 0);
        foreach (var due in walk.Due)
        {
            if (Find(database, due) is not { } target)
                continue;
            database["delete-job"].Bind(1, due.Id).Run();
            transaction.Lanes.Count(target.Lane, target.State, -1);
            jobs++;
            attempts += target.Attempts;
        }
        foreach (var batch in walk.DueBatches)
            database["prune-batch"].Bind(1, batch).Run();
        if (walk.Entries > 0)
            entries = database["prune-log"].Bind(1, walk.LastPosition).All(row => row.Int(0)).Sum();
        return walk.Answer(jobs, attempts, entries);
    }

    private static Target? Find(Database database, PassedJob due) =>
        database["prunable"].Bind(1, due.Id).Bind(2, due.FinishedAt!.Value.ToUnixTimeMilliseconds())
            .First(row => (Target?)new Target(row.Long(0), JobStates.Parse(row.Text(1)), row.Int(2) == 1, row.LongOrNull(3), row.Int(4))) is { } target
        && !(target.IsParent && IsAwaited(database, due.Id))
        && !(target is { Batch: { } batch, State: not JobState.Succeeded } && IsAwaited(database, -batch))
            ? target
            : null;

    private static bool IsAwaited(Database database, long parent) => database["is-awaited"].Bind(1, parent).First(_ => true);

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
