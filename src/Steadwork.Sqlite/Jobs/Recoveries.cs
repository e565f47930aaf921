using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Gives back what a dead worker held.</summary>
internal static class Recoveries
{
    /// <summary>Applies to each job of the worker what the lifecycle says of a crash, and removes the worker.</summary>
    /// <returns>Null when the worker is not registered: somebody else has recovered it.</returns>
    public static List<RecoveredJob>? Recover(WriteTransaction transaction, WorkerId worker, IReadOnlyDictionary<LeaseToken, bool>? marks, JobError error, string logKind)
    {
        var database = transaction.Database;
        if (!database["worker-known"].Bind(1, worker.Value).First(_ => true))
            return null;

        var held = database["held-by"].Bind(1, worker.Value).All(row => new HeldJob(
            new JobId(row.Long(0)), new LeaseToken(row.Long(1)), new RunningJob(row.Int(2), row.Int(3), row.Int(4), row.TextOrNull(5))));
        var recovered = new List<RecoveredJob>(held.Count);
        foreach (var (job, transition) in held.Zip(Crash.Fates(held, marks, error, transaction.Now)))
        {
            Ends.Apply(transaction, new AttemptEnd(job.Id, job.Lease, transition, StartedAt: null));
            recovered.Add(new RecoveredJob(job.Id, transition));
        }
        database["delete-worker"].Bind(1, worker.Value).Run();
        transaction.Log(logKind, transaction.Now, null, null, worker.Value);
        return recovered;
    }
}
