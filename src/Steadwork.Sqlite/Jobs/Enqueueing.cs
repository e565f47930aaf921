using Steadwork.Sqlite.Connections;
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
        // Whoever brings a job with an exclusive key has that looked at, even if the job itself comes to nothing, or stands behind it later.
        transaction.Keys.Loosen(job.ExclusiveKey);
        if (job.UniqueKey is { } key && BearerOf(transaction, key) is { } bearer)
        {
            if (job.WhenTaken is WhenTaken.Amend)
                Amend(transaction, bearer.Id, job);
            else if (job.WhenTaken.Replaces())
                Replace(transaction, bearer.Id, job);
            return bearer;
        }
        var database = transaction.Database;
        var now = transaction.Now;
        var runAt = job.RunAt ?? now + job.Delay;
        var due = runAt <= now;
        var blocked = after.Count > 0 || job.AfterBatch is not null;
        var ready = due && job.ExclusiveKey is null && !blocked;
        var state = blocked || (due && !ready) ? JobState.Waiting : JobState.Pending;
        var lane = transaction.Lanes.Of(job);
        database["insert-job"]
            .Bind(1, lane).Bind(2, ready ? 1L : 0).Bind(3, job.Priority).Bind(4, job.MaxAttempts)
            .Bind(5, runAt.ToUnixTimeMilliseconds()).Bind(6, now.ToUnixTimeMilliseconds())
            .Bind(7, (long?)job.Timeout?.TotalMilliseconds)
            .Bind(8, Uniqueness.Until(job, now)?.ToUnixTimeMilliseconds()).Bind(9, job.UniqueKey)
            .Bind(10, job.TraceParent).BindText(11, TagsJson.Write(job.Tags)).BindText(12, job.Payload)
            .Bind(13, state.Name()).Bind(14, job.ExclusiveKey).Bind(15, job.ExclusiveLimit)
            .Bind(16, blocked ? 1L : 0).Bind(17, job.RunsAnyway ? 1L : 0)
            .Bind(18, Times.ExpiryOf(job, now)?.ToUnixTimeMilliseconds()).Bind(19, job.Batch?.Value).Run();

        var id = database.LastInsertedId;
        transaction.Lanes.Count(lane, state, +1);
        transaction.Batches.Count(job.Batch?.Value, state, +1);
        if (ready)
            transaction.Lanes.CountReady(lane, +1);
        foreach (var parent in after.Order())
            transaction.Family.Add(id, parent);
        if (job.AfterBatch is { } batch)
            transaction.Family.Add(id, batch);
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

    /// <summary>Lets the bearer of its unique key take over what a job says of that, unless it runs or has ended.</summary>
    private static void Replace(WriteTransaction transaction, JobId bearer, NewJob job)
    {
        var now = transaction.Now;
        var old = Requests.Find(transaction, bearer)!.Value;
        var runAt = job.WhenTaken is WhenTaken.ReplacePayload ? (DateTimeOffset?)null : job.RunAt ?? now + job.Delay;
        var replaced = transaction.Database["replace"]
            .Bind(1, bearer.Value).BindText(2, job.WhenTaken is WhenTaken.ReplaceTime ? default : job.Payload).Bind(3, runAt?.ToUnixTimeMilliseconds()).Bind(4, now.ToUnixTimeMilliseconds())
            .Bind(5, Times.ExpiryOf(job, now)?.ToUnixTimeMilliseconds())
            .First(row => ((JobState State, bool Ready, bool Blocked)?)(JobStates.Parse(row.Text(0)), row.Int(1) == 1, row.Int(2) == 1));
        if (replaced is not var (state, ready, blocked))
            return;
        transaction.Lanes.Move(old.Lane, old.State, state);
        transaction.Batches.Move(old.Batch, old.State, state);
        transaction.Lanes.CountReady(old.Lane, (ready ? 1 : 0) - (old.Ready ? 1 : 0));
        transaction.Keys.Loosen(old.ExclusiveKey);
        if (state is JobState.Waiting && !blocked && old.ExclusiveKey is { } key)
            transaction.Keys.Arrive(key, bearer.Value);
        transaction.Log(LogKinds.Amended, now, bearer.Value, null, null);
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }

    /// <summary>Ends what bears the unique keys of some jobs and has expired: what will never run must not keep a key from one that would.</summary>
    public static void Expire(WriteTransaction transaction, IReadOnlyList<NewJob> jobs)
    {
        if (!jobs.Any(job => job.UniqueKey is not null) || !Expiry.IsOver(Claims.NextTimes(transaction.Database).Expiry, transaction.Now))
            return;
        foreach (var key in jobs.Select(job => job.UniqueKey).OfType<string>())
            Claims.Expire(transaction, transaction.Database["expired-job-of-unique-key"].Bind(1, key).Bind(2, transaction.Now.ToUnixTimeMilliseconds()));
        transaction.Admit();
    }

    /// <summary>Refuses what must not be stored because of whoever bears its unique key.</summary>
    /// <exception cref="UniqueKeyTakenException">There is such a job.</exception>
    public static void Demand(WriteTransaction transaction, IReadOnlyList<NewJob> demanding)
    {
        foreach (var job in demanding)
        {
            if (BearerOf(transaction, job.UniqueKey!) is { } bearer)
                Uniqueness.RequireFor(job, bearer.Id, transaction.Database["type-of-job"].Bind(1, bearer.Id.Value).First(row => row.Text(0))!);
        }
    }

    /// <summary>The job that bears a unique key now.</summary>
    public static EnqueuedJob? BearerOf(WriteTransaction transaction, string key) =>
        transaction.Database["job-of-unique-key"].Bind(1, key).First(Bearer)
        ?? transaction.Database["ended-job-of-unique-key"].Bind(1, key).Bind(2, transaction.Now.ToUnixTimeMilliseconds()).First(Bearer);

    private static EnqueuedJob? Bearer(Statement row) => new EnqueuedJob(new JobId(row.Long(0)), Existing: true, JobStates.Parse(row.Text(1)));
}
