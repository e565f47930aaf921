using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Takes jobs into the store.</summary>
internal static class Enqueueing
{
    /// <param name="transaction">The transaction.</param>
    /// <param name="job">The job.</param>
    /// <param name="after">The jobs that it comes after.</param>
    public static EnqueuedJob Enqueue(WriteTransaction transaction, NewJob job, IReadOnlyCollection<JobId> after)
    {
        if (job.UniqueKey is { } key && BearerOf(transaction, key) is { } bearer)
        {
            if (job.WhenTaken is WhenTaken.Amend)
                Amend(transaction, bearer.Id, job);
            return bearer;
        }
        var database = transaction.Database;
        var now = transaction.Now;
        var runAt = job.RunAt ?? now + job.Delay;
        var due = runAt <= now;
        var blocked = after.Count > 0;
        var ready = due && job.ExclusiveKey is null && !blocked;
        var state = blocked || (due && !ready) ? JobState.Waiting : JobState.Pending;
        var lane = transaction.Lanes.Of(job.Queue, job.Type);
        database["insert-job"]
            .Bind(1, lane).Bind(2, ready ? 1L : 0).Bind(3, job.Priority).Bind(4, job.MaxAttempts)
            .Bind(5, runAt.ToUnixTimeMilliseconds()).Bind(6, now.ToUnixTimeMilliseconds())
            .Bind(7, (long?)job.Timeout?.TotalMilliseconds)
            .Bind(8, job.UniqueScope is UniqueScope.WhileKept ? 1L : 0).Bind(9, job.UniqueKey)
            .Bind(10, job.TraceParent).BindText(11, TagsJson.Write(job.Tags)).BindText(12, job.Payload)
            .Bind(13, state.Name()).Bind(14, job.ExclusiveKey).Bind(15, job.ExclusiveLimit)
            .Bind(16, blocked ? 1L : 0).Bind(17, job.RunsAnyway ? 1L : 0).Run();

        var id = database.LastInsertedId;
        transaction.Lanes.Count(lane, state, +1);
        if (ready)
            transaction.Lanes.CountReady(lane, +1);
        foreach (var parent in after.Order())
            transaction.Family.Add(id, parent);
        if (state is JobState.Waiting && !blocked)
            transaction.Keys.Arrive(job.ExclusiveKey!, id);
        transaction.Log(LogKinds.Enqueued, now, id, null, null);
        transaction.WakeAfterCommit(WakeUp.Jobs);
        return new EnqueuedJob(new JobId(id), Existing: false, state);
    }

    private static void Amend(WriteTransaction transaction, JobId bearer, NewJob job)
    {
        transaction.Database["amend-job"].Bind(1, bearer.Value).Bind(2, job.MaxAttempts).Run();
        if (transaction.Database.Changes > 0)
            transaction.Log(LogKinds.Amended, transaction.Now, bearer.Value, null, null);
    }

    /// <summary>The job that bears a unique key now.</summary>
    public static EnqueuedJob? BearerOf(WriteTransaction transaction, string key) =>
        transaction.Database["job-of-unique-key"].Bind(1, key)
            .First(row => (EnqueuedJob?)new EnqueuedJob(new JobId(row.Long(0)), Existing: true, JobStates.Parse(row.Text(1))));
}
