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

        var held = database["held-by"].Bind(1, worker.Value).All(row => (Job: new JobId(row.Long(0)), Lease: new LeaseToken(row.Long(1))));
        var running = held.Count(job => marks is null || marks.GetValueOrDefault(job.Lease));
        var recovered = new List<RecoveredJob>(held.Count);
        foreach (var (job, lease) in held)
        {
            var evidence = Evidence(marks, lease, running);
            var transition = JobLifecycle.AfterCrash(Ends.Look(transaction, job, lease)!.Value, evidence, error, transaction.Now);
            Ends.Apply(transaction, new AttemptEnd(job, lease, transition, StartedAt: null));
            recovered.Add(new RecoveredJob(job, transition));
        }
        database["delete-worker"].Bind(1, worker.Value).Run();
        transaction.Log(logKind, transaction.Now, null, null, worker.Value);
        return recovered;
    }

    /// <param name="marks">Which leases had begun, and whether they still ran; null when nothing is known.</param>
    /// <param name="lease">The lease in question.</param>
    /// <param name="running">How many jobs of the worker ran, or may have run.</param>
    private static CrashEvidence Evidence(IReadOnlyDictionary<LeaseToken, bool>? marks, LeaseToken lease, int running)
    {
        var stillRan = true;
        if (marks is not null && !marks.TryGetValue(lease, out stillRan))
            return CrashEvidence.NotStarted;
        if (!stillRan)
            return CrashEvidence.Ended;
        return running == 1 ? CrashEvidence.RanAlone : CrashEvidence.RanAmongOthers;
    }
}
