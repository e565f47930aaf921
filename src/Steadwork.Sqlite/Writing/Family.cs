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

    private readonly Queue<(long Parent, long After)> loose = [];
    private int left = ChildrenAtOnce;

    /// <summary>Those that wait for this job may have to know what has become of it.</summary>
    public void Loosen(long parent) => loose.Enqueue((parent, 0));

    /// <summary>Other jobs may come after this one from now on.</summary>
    /// <exception cref="ParentMissingException">There is none.</exception>
    public void Expect(JobId parent)
    {
        database["become-parent"].Bind(1, parent.Value).Run();
        if (database.Changes == 0)
            throw new ParentMissingException(parent);
    }

    /// <summary>A new job comes after this one.</summary>
    public void Add(long child, JobId parent)
    {
        Expect(parent);
        database["add-parent"].Bind(1, child).Bind(2, parent.Value).Run();
        Loosen(parent.Value);
    }

    /// <summary>Takes up what earlier transactions have left.</summary>
    public void TakeUp()
    {
        if (loose.Count == 0 && database["take-parent"].First(row => ((long, long)?)(row.Long(0), row.Long(1))) is { } rest)
            loose.Enqueue(rest);
    }

    /// <summary>Tells the ends of jobs to those that wait for them, which goes on or ends by it.</summary>
    public void Attend(WriteTransaction transaction)
    {
        // Of several that ended together the first names itself to a child: on every store the same one.
        (long Parent, long After)[] ended = [.. loose.Order()];
        loose.Clear();
        Array.ForEach(ended, loose.Enqueue);
        while (loose.TryDequeue(out var next))
        {
            var end = database["job-head"].Bind(1, next.Parent).First(row => (JobState?)JobStates.Parse(row.Text(1)));
            if (end is { } state && !state.IsEnded())
                continue;
            var after = next.After;
            while (left > 0 && Next(next.Parent, after) is var (child, now, runsAnyway, orphaned))
            {
                Tell(transaction, child, now, runsAnyway, orphaned, new JobId(next.Parent), end);
                after = child;
                left--;
            }
            if (left == 0 && Next(next.Parent, after) is not null)
            {
                database["leave-parent"].Bind(1, next.Parent).Bind(2, after).Run();
                transaction.WakeAfterCommit(WakeUp.Jobs);
            }
        }
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

    private void Tell(WriteTransaction transaction, long child, JobState state, bool runsAnyway, bool orphaned, JobId parent, JobState? end)
    {
        var done = Parentage.IsDone(end, runsAnyway);
        if (done)
            database["parent-done"].Bind(1, child).Bind(2, parent.Value).Run();
        if (state.IsEnded() && end is JobState.Succeeded && orphaned)
        {
            Restore(transaction, child);
        }
        else if (!state.IsEnded() && !done)
        {
            Requests.CancelInLine(transaction, new JobId(child), Parentage.Reason(parent, end));
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
        var lane = database["restore"].Bind(1, child).First(row => row.Long(0));
        transaction.Lanes.Move(lane, JobState.Cancelled, JobState.Waiting);
        transaction.Log(LogKinds.Restored, transaction.Now, child, null, null);
        if (!IsBlocked(child))
            Unblock(transaction, child);
    }

    /// <summary>A job waits for no other any more: it joins its line, or stands behind its exclusive key, or waits for its time.</summary>
    private void Unblock(WriteTransaction transaction, long child)
    {
        var (lane, state, ready, key) = database["unblock"].Bind(1, child).Bind(2, transaction.Now.ToUnixTimeMilliseconds())
            .First(row => (row.Long(0), JobStates.Parse(row.Text(1)), row.Int(2) == 1, row.TextOrNull(3)));
        transaction.Lanes.Move(lane, JobState.Waiting, state);
        if (ready)
            transaction.Lanes.CountReady(lane, +1);
        if (state is JobState.Waiting)
            transaction.Keys.Arrive(key!, child);
        transaction.Log(LogKinds.Admitted, transaction.Now, child, null, null);
        transaction.WakeAfterCommit(WakeUp.Jobs);
    }
}
