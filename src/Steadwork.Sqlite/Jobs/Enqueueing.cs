using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Takes jobs into the store.</summary>
internal static class Enqueueing
{
    private const int RowsAtOnce = 50, PayloadParameter = 20;

    /// <summary>Where a new job stands; the slot is the place of its exclusive key that it has at once, if any.</summary>
    private readonly record struct Place(long Lane, JobState State, bool Ready, bool Blocked, DateTimeOffset RunAt, DateTimeOffset Now, long? Slot);

    /// <param name="transaction">The transaction.</param>
    /// <param name="jobs">The jobs.</param>
    public static EnqueuedJob[] Enqueue(WriteTransaction transaction, IReadOnlyList<NewJob> jobs)
    {
        var answers = new EnqueuedJob[jobs.Count];
        var alone = ComingAlone.KeysOf(jobs);
        for (var place = 0; place < jobs.Count;)
        {
            var alike = Alike(jobs, place);
            if (alike == RowsAtOnce)
                EnqueueAlike(transaction, jobs, place, answers.AsSpan(place, alike));
            for (var end = place + alike; place < end; place++)
            {
                if (alike < RowsAtOnce && jobs[place] is var job)
                    answers[place] = Enqueue(transaction, job, job.ExclusiveKey is { } key && alone.Contains(key), job.AfterPlaces.Count == 0 ? job.After : [.. job.After.Union(job.AfterPlaces.Select(parent => answers[parent].Id))]);
            }
        }
        return answers;
    }

    /// <summary>How many jobs from that place on differ in their payloads alone, and in nothing that others would have to be looked at for; at least 1.</summary>
    private static int Alike(IReadOnlyList<NewJob> jobs, int place)
    {
        var first = jobs[place];
        var alike = 1;
        if (first is { UniqueKey: null, ExclusiveKey: null, AfterBatch: null, After.Count: 0, AfterPlaces.Count: 0 })
        {
            while (alike < RowsAtOnce && place + alike < jobs.Count && first.IsAlike(jobs[place + alike]))
                alike++;
        }
        return alike;
    }

    private static void EnqueueAlike(WriteTransaction transaction, IReadOnlyList<NewJob> jobs, int place, Span<EnqueuedJob> answers)
    {
        var (job, at) = (jobs[place], PlaceOf(transaction, jobs[place], isBlocked: false, mayTake: false));
        var insert = Bind(transaction.Database.Repeated("insert-job", answers.Length, PayloadParameter), job, at);
        for (var index = 0; index < answers.Length; index++)
            insert.BindText(PayloadParameter + index, jobs[place + index].Payload);
        insert.Run();
        var id = transaction.Database.LastInsertedId - answers.Length;
        foreach (ref var answer in answers)
        {
            answer = new EnqueuedJob(new JobId(++id), Existing: false, at.State);
            transaction.Log(LogKinds.Enqueued, at.Now, id, null, null);
        }
        Count(transaction, job, at, answers.Length);
    }

    /// <param name="transaction">The transaction.</param>
    /// <param name="job">The job.</param>
    /// <param name="isBlocked">Whether it waits for others to end.</param>
    /// <param name="mayTake">Whether it may have a place of its exclusive key at once, if there is a free one for which nobody waits.</param>
    private static Place PlaceOf(WriteTransaction transaction, NewJob job, bool isBlocked, bool mayTake)
    {
        var now = transaction.Now;
        var runAt = job.RunAt ?? now + job.Delay;
        var due = runAt <= now;
        var slot = due && !isBlocked && mayTake ? transaction.Keys.Take(transaction, job.ExclusiveKey!, job.ExclusiveLimit) : null;
        var ready = due && !isBlocked && (job.ExclusiveKey is null || slot is not null);
        return new Place(transaction.Lanes.Of(job), isBlocked || (due && !ready) ? JobState.Waiting : JobState.Pending, ready, isBlocked, runAt, now, slot);
    }

    private static Statement Bind(Statement insert, NewJob job, Place at) => insert
        .Bind(1, at.Lane).Bind(2, at.Ready ? 1L : 0).Bind(3, job.Priority).Bind(4, job.MaxAttempts)
        .Bind(5, at.RunAt.ToUnixTimeMilliseconds()).Bind(6, at.Now.ToUnixTimeMilliseconds())
        .Bind(7, (long?)job.Timeout?.TotalMilliseconds)
        .Bind(8, Uniqueness.Until(job, at.Now)?.ToUnixTimeMilliseconds()).Bind(9, job.UniqueKey)
        .Bind(10, job.TraceParent).BindText(11, TagsJson.Write(job.Tags)).Bind(12, at.State.Name())
        .Bind(13, job.ExclusiveKey).Bind(14, job.ExclusiveLimit)
        .Bind(15, at.Blocked ? 1L : 0).Bind(16, job.RunsAnyway ? 1L : 0)
        .Bind(17, Times.ExpiryOf(job, at.Now)?.ToUnixTimeMilliseconds()).Bind(18, job.Batch?.Value).Bind(19, at.Slot);

    private static void Count(WriteTransaction transaction, NewJob job, Place at, int jobs)
    {
        transaction.Lanes.Count(at.Lane, at.State, jobs);
        transaction.Batches.Count(job.Batch?.Value, at.State, jobs);
        if (at.Ready)
            transaction.Lanes.CountReady(at.Lane, jobs);
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }

    private static EnqueuedJob Enqueue(WriteTransaction transaction, NewJob job, bool mayTake, IReadOnlyCollection<JobId> after)
    {
        if (job.UniqueKey is { } key && BearerOf(transaction, key) is { } bearer)
        {
            if (job.WhenTaken is WhenTaken.Amend)
                Amend(transaction, bearer.Id, job);
            else if (job.WhenTaken.Replaces())
                Replace(transaction, bearer.Id, job);
            // Whoever brings a job with an exclusive key has that looked at, even if the job itself comes to nothing, or stands behind it later.
            transaction.Keys.Loosen(job.ExclusiveKey);
            return bearer;
        }
        var at = PlaceOf(transaction, job, isBlocked: after.Count > 0 || job.AfterBatch is not null, mayTake);
        if (at.Slot is null)
            transaction.Keys.Loosen(job.ExclusiveKey);
        Bind(transaction.Database["insert-job"], job, at).BindText(PayloadParameter, job.Payload).Run();
        var id = transaction.Database.LastInsertedId;
        Count(transaction, job, at, 1);
        if (after.Count > 0)
        {
            foreach (var parent in after.Order())
                transaction.Family.Add(id, parent);
        }
        if (job.AfterBatch is { } batch)
            transaction.Family.Add(id, batch);
        if (at is { State: JobState.Waiting, Blocked: false })
            transaction.Keys.Arrive(job.ExclusiveKey!, id);
        transaction.Log(LogKinds.Enqueued, at.Now, id, null, null);
        return new EnqueuedJob(new JobId(id), Existing: false, at.State);
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
        if (!Expiry.IsOver(Claims.NextTimes(transaction.Database).Expiry, transaction.Now))
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
