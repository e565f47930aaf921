using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Jobs;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// The jobs of which something has changed in this transaction that others wait for: those are told. Of a great many, a
/// bounded number in one transaction, and the rest by the claims that follow: nobody waits long for the write lock.
/// </summary>
internal sealed class Family(Database database)
{
    private const int ChildrenAtOnce = 1000;

    private readonly SortedSet<(long Parent, long After)> loose = [];
    private int left = ChildrenAtOnce;

    /// <summary>What others waited for.</summary>
    /// <param name="Parent">The job, or the batch with its number negated.</param>
    /// <param name="State">How it has ended; null when it was deleted.</param>
    /// <param name="BatchReason">What is said of a batch to those that it takes with it.</param>
    private readonly record struct Ended(long Parent, JobState? State, string? BatchReason)
    {
        public string Reason => BatchReason ?? Parentage.Reason(new JobId(Parent), State);
    }

    /// <summary>Those that wait for this job may have to know what has become of it.</summary>
    public void Loosen(long parent) => loose.Add((parent, 0));

    /// <summary>Other jobs may come after this one from now on.</summary>
    /// <exception cref="ParentMissingException">There is none.</exception>
    public void Expect(JobId parent)
    {
        database["become-parent"].Bind(1, parent.Value).Run();
        if (database.Changes == 0)
            throw new ParentMissingException(parent);
    }

    /// <inheritdoc cref="Expect"/>
    public void ExpectAll(IReadOnlyCollection<JobId> parents)
    {
        if (parents.Count == 0)
            return;
        foreach (var parent in parents)
            Expect(parent);
    }

    /// <summary>A new job comes after this one.</summary>
    public void Add(long child, JobId parent)
    {
        Expect(parent);
        Add(child, parent.Value);
    }

    /// <summary>A new job follows this batch.</summary>
    public void Add(long child, BatchId batch) => Add(child, -batch.Value);

    private void Add(long child, long parent)
    {
        database["add-parent"].Bind(1, child).Bind(2, parent).Run();
        Loosen(parent);
    }

    /// <summary>Takes up what earlier transactions have left.</summary>
    public void TakeUp()
    {
        if (database["take-parent"].First(row => ((long, long)?)(row.Long(0), row.Long(1))) is { } rest)
            loose.Add(rest);
    }

    /// <summary>Tells the ends of jobs, and of batches, to those that wait for them, which go on or end by it.</summary>
    public void Attend(WriteTransaction transaction)
    {
        // Of several that ended together the first names itself to a child: on every store the same one.
        if (TakeLoose(transaction) is not { Length: > 0 } first)
            return;
        var ended = new Queue<(long Parent, long After)>(first);
        while (ended.TryDequeue(out var next))
        {
            Attend(transaction, next.Parent, next.After);
            foreach (var more in TakeLoose(transaction))
                ended.Enqueue(more);
        }
    }

    private (long Parent, long After)[] TakeLoose(WriteTransaction transaction)
    {
        foreach (var batch in transaction.Batches.TakeTouched())
            loose.Add((-batch, 0));
        if (loose.Count == 0)
            return [];
        (long Parent, long After)[] taken = [.. loose];
        loose.Clear();
        return taken;
    }

    private void Attend(WriteTransaction transaction, long parent, long after)
    {
        if (EndOf(transaction, parent) is not { } ended)
            return;
        while (left > 0 && Next(parent, after) is var (child, now, runsAnyway, orphaned))
        {
            Tell(transaction, child, now, runsAnyway, orphaned, ended);
            after = child;
            left--;
        }
        if (left == 0 && Next(parent, after) is not null)
        {
            database["leave-parent"].Bind(1, parent).Bind(2, after).Run();
            transaction.WakeAfterCommit(WakeUp.Jobs);
        }
    }

    /// <summary>How a job or a batch has ended; null while it has not.</summary>
    private Ended? EndOf(WriteTransaction transaction, long parent)
    {
        if (parent < 0)
            return transaction.Batches.EndOf(transaction, -parent) is { } batch ? new Ended(parent, batch.State, batch.Reason) : null;
        var end = database["job-head"].Bind(1, parent).First(row => (JobState?)JobStates.Parse(row.Text(1)));
        return end is { } state && !state.IsEnded() ? null : new Ended(parent, end, null);
    }

    /// <summary>Sees to all that earlier transactions have left.</summary>
    public void AttendAll(WriteTransaction transaction)
    {
        for (TakeUp(); loose.Count > 0; TakeUp())
        {
            left = ChildrenAtOnce;
            Attend(transaction);
        }
    }

    /// <summary>The transaction has come to its end.</summary>
    public void Forget()
    {
        loose.Clear();
        left = ChildrenAtOnce;
    }

    /// <summary>Whether it waits for others to end.</summary>
    public bool IsBlocked(long child) => database["still-awaits"].Bind(1, child).First(_ => true);

    private (long Child, JobState State, bool RunsAnyway, bool Orphaned)? Next(long parent, long after) =>
        database["next-awaiting"].Bind(1, parent).Bind(2, after).First(row => ((long, JobState, bool, bool)?)(row.Long(0), JobStates.Parse(row.Text(1)), row.Int(2) == 1, row.Int(3) == 1));

    private void Tell(WriteTransaction transaction, long child, JobState state, bool runsAnyway, bool orphaned, Ended ended)
    {
        var done = Parentage.IsDone(ended.State, runsAnyway);
        if (done)
            database["parent-done"].Bind(1, child).Bind(2, ended.Parent).Run();
        if (state.IsEnded() && ended.State is JobState.Succeeded && orphaned)
        {
            Restore(transaction, child);
        }
        else if (!state.IsEnded() && !done)
        {
            Requests.CancelInLine(transaction, new JobId(child), ended.Reason);
            database["orphan"].Bind(1, child).Run();
        }
        else if (!state.IsEnded() && !IsBlocked(child))
        {
            Unblock(transaction, child);
        }
    }

    /// <summary>A job that was cancelled because of one before it goes on, unless another of those stands ended as well, or another job bears its key.</summary>
    private void Restore(WriteTransaction transaction, long child)
    {
        if (database["awaits-an-ended-one"].Bind(1, child).First(_ => true))
            return;
        var (id, key) = (new JobId(child), database["job-head"].Bind(1, child).First(row => row.TextOrNull(3)));
        if (key is not null && Enqueueing.BearerOf(transaction, key) is { } bearer && bearer.Id != id)
            return;
        var (lane, batch) = database["restore"].Bind(1, child).First(row => (row.Long(0), row.LongOrNull(1)));
        transaction.Lanes.Move(lane, JobState.Cancelled, JobState.Waiting);
        transaction.Batches.Move(batch, JobState.Cancelled, JobState.Waiting);
        transaction.Log(LogKinds.Restored, transaction.Now, child, null, null);
        if (!IsBlocked(child))
            Unblock(transaction, child);
    }

    /// <summary>A job waits for no other any more: it joins its line, or stands behind its exclusive key, or waits for its time.</summary>
    private void Unblock(WriteTransaction transaction, long child)
    {
        var (lane, state, ready, key, batch) = database["unblock"].Bind(1, child).Bind(2, transaction.Now.ToUnixTimeMilliseconds())
            .First(row => (row.Long(0), JobStates.Parse(row.Text(1)), row.Int(2) == 1, row.TextOrNull(3), row.LongOrNull(4)));
        transaction.Lanes.Move(lane, JobState.Waiting, state);
        transaction.Batches.Move(batch, JobState.Waiting, state);
        if (ready)
            transaction.Lanes.CountReady(lane, +1);
        if (state is JobState.Waiting)
            transaction.Keys.Arrive(key!, child);
        transaction.Log(LogKinds.Admitted, transaction.Now, child, null, null);
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }
}
