using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Carries out what people ask of single jobs.</summary>
internal static class Requests
{
    public readonly record struct Target(JobId Id, long Lane, JobState State, bool Ready, string? UniqueKey, string? ExclusiveKey, bool IsParent, long? Batch);

    public static RequestAnswer CarryOut(WriteTransaction transaction, JobId id, JobRequest request, string reason)
    {
        if (Find(transaction, id) is not { } job)
            return RequestAnswer.NotFound;
        if (!JobLifecycle.Allows(job.State, request))
            return RequestAnswer.Refused;
        // What does not run belongs to the copy of a retired store; what runs must still end.
        if (job.State is not JobState.Running)
            transaction.RequireService();
        return request switch
        {
            JobRequest.Cancel when job.State is JobState.Running => Signal(transaction, job, reason),
            JobRequest.Cancel => Cancel(transaction, job, reason),
            JobRequest.Retry => Retry(transaction, job, reason),
            _ => Delete(transaction, job, reason),
        };
    }

    /// <summary>Ends a job that does not run, and must be there, as cancelled.</summary>
    public static void CancelInLine(WriteTransaction transaction, JobId id, string reason) => Cancel(transaction, Find(transaction, id)!.Value, reason);

    public static Target? Find(WriteTransaction transaction, JobId id) =>
        transaction.Database["job-head"].Bind(1, id.Value).First(row => (Target?)new Target(
            id, row.Long(0), JobStates.Parse(row.Text(1)), row.Int(2) == 1, row.TextOrNull(3), row.TextOrNull(4), row.Int(6) == 1, row.LongOrNull(7)));

    private static RequestAnswer Signal(WriteTransaction transaction, Target job, string reason)
    {
        transaction.Database["request-cancellation"].Bind(1, job.Id.Value).Bind(2, reason).Run();
        transaction.Log(LogKinds.CancelRequested, transaction.Now, job.Id.Value, null, null);
        transaction.WakeAfterCommit(WakeUp.Cancellations);
        return RequestAnswer.Signalled;
    }

    private static RequestAnswer Cancel(WriteTransaction transaction, Target job, string reason)
    {
        var now = transaction.Now;
        transaction.Database["cancel-in-line"].Bind(1, job.Id.Value).Bind(2, now.ToUnixTimeMilliseconds()).Bind(3, reason).Run();
        transaction.Lanes.Move(job.Lane, job.State, JobState.Cancelled);
        transaction.Batches.Move(job.Batch, job.State, JobState.Cancelled);
        LeaveLine(transaction, job);
        transaction.Log("cancelled", now, job.Id.Value, null, null);
        transaction.WakeAfterCommit(WakeUp.Ends);
        return RequestAnswer.Done;
    }

    private static RequestAnswer Retry(WriteTransaction transaction, Target job, string by)
    {
        if (job.UniqueKey is { } key && Enqueueing.BearerOf(transaction, key) is { } bearer && bearer.Id != job.Id)
            return RequestAnswer.KeyTaken;
        var now = transaction.Now;
        var blocked = transaction.Family.IsBlocked(job.Id.Value);
        transaction.Database["retry-by-hand"].Bind(1, job.Id.Value).Bind(2, now.ToUnixTimeMilliseconds()).Bind(3, blocked ? 1L : 0).Run();
        transaction.Batches.Move(job.Batch, job.State, blocked || job.ExclusiveKey is not null ? JobState.Waiting : JobState.Pending);
        if (blocked)
        {
            transaction.Lanes.Move(job.Lane, job.State, JobState.Waiting);
        }
        else if (job.ExclusiveKey is { } behind)
        {
            transaction.Lanes.Move(job.Lane, job.State, JobState.Waiting);
            transaction.Keys.Arrive(behind, job.Id.Value);
        }
        else
        {
            transaction.Lanes.Move(job.Lane, job.State, JobState.Pending);
            transaction.Lanes.CountReady(job.Lane, +1);
        }
        transaction.Log(LogKinds.Retried, now, job.Id.Value, null, null, NamedJson.By(by));
        transaction.WakeAfterCommit(WakeUp.Jobs);
        return RequestAnswer.Done;
    }

    private static RequestAnswer Delete(WriteTransaction transaction, Target job, string by)
    {
        transaction.Database["delete-job"].Bind(1, job.Id.Value).Run();
        transaction.Lanes.Count(job.Lane, job.State, -1);
        transaction.Batches.Delete(job.Batch, job.State);
        LeaveLine(transaction, job);
        transaction.Log(LogKinds.Deleted, transaction.Now, job.Id.Value, null, null, NamedJson.By(by));
        return RequestAnswer.Done;
    }

    private static void LeaveLine(WriteTransaction transaction, Target job)
    {
        if (job.IsParent)
            transaction.Family.Loosen(job.Id.Value);
        transaction.Keys.Loosen(job.ExclusiveKey);
        if (job.Ready)
            transaction.Lanes.CountReady(job.Lane, -1);
    }
}
