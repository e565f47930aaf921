using System.Runtime.InteropServices;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// The batches of whose jobs something has changed in this transaction: what has changed of their counts is summed up, so that each is
/// written once. Those that may have ended by it are read, once as well.
/// </summary>
internal sealed class Batches(Database database)
{
    private readonly Dictionary<long, Change> changes = [];
    private readonly Dictionary<long, Head> heads = [];
    private readonly SortedSet<long> touched = [];

    private record struct Change(StateCounts States, long Deleted);

    /// <summary>A batch as it is stored.</summary>
    private readonly record struct Head(bool IsOpen, bool IsEnded, StateCounts Counts, long Deleted);

    /// <summary>How a batch has ended, and why a job that was to follow is cancelled if it was not well.</summary>
    public readonly record struct End(JobState State, string Reason);

    public void Count(long? batch, JobState state, int change)
    {
        if (batch is not { } id)
            return;
        ref var all = ref CollectionsMarshal.GetValueRefOrAddDefault(changes, id, out _);
        all.States = all.States.With(state, change);
    }

    public void Move(long? batch, JobState from, JobState to)
    {
        if (batch is null)
            return;
        Count(batch, from, -1);
        Count(batch, to, +1);
        if (from.IsEnded() != to.IsEnded())
            Touch(batch.Value);
    }

    /// <summary>A job has been deleted, and counts no more in its state.</summary>
    public void Delete(long? batch, JobState state)
    {
        if (batch is not { } id)
            return;
        Count(batch, state, -1);
        if (state is not JobState.Succeeded)
            CollectionsMarshal.GetValueRefOrAddDefault(changes, id, out _).Deleted++;
        if (!state.IsEnded())
            Touch(id);
    }

    /// <summary>A batch may have ended, or has not ended any more.</summary>
    public void Touch(long batch) => touched.Add(batch);

    /// <summary>The batches that have been touched since this was last asked.</summary>
    public long[] TakeTouched()
    {
        if (touched.Count == 0)
            return [];
        long[] taken = [.. touched];
        touched.Clear();
        return taken;
    }

    public BatchId Add(string? name, bool isOpen, DateTimeOffset now)
    {
        database["insert-batch"].Bind(1, name).Bind(2, isOpen ? 1L : 0).Bind(3, now.ToUnixTimeMilliseconds()).Run();
        return new BatchId(database.LastInsertedId);
    }

    /// <returns>False when it is closed already, null when there is none.</returns>
    public bool? Close(BatchId batch)
    {
        if (Find(batch.Value) is not { } head)
            return null;
        if (!head.IsOpen)
            return false;
        database["close-batch"].Bind(1, batch.Value).Run();
        heads[batch.Value] = head with { IsOpen = false };
        Touch(batch.Value);
        return true;
    }

    /// <exception cref="BatchNotOpenException">It takes no jobs.</exception>
    public void RequireOpen(BatchId batch)
    {
        if (Find(batch.Value) is not { IsOpen: true })
            throw new BatchNotOpenException(batch, isClosed: Find(batch.Value) is not null);
    }

    /// <summary>How a batch has ended; null while it has not.</summary>
    public End? EndOf(WriteTransaction transaction, long batch)
    {
        if (Find(batch) is not { } head)
            return null;
        var change = changes.GetValueOrDefault(batch);
        var (counts, deleted) = (head.Counts + change.States, head.Deleted + change.Deleted);
        var isOver = BatchEnd.HasCome(head.IsOpen, counts.Unfinished);
        if (isOver != head.IsEnded)
            Say(transaction, batch, isOver, counts, deleted);
        heads[batch] = head with { IsEnded = isOver };
        return isOver ? new End(BatchEnd.Of(counts.Failed + counts.Cancelled + deleted), BatchEnd.Reason(new BatchId(batch), counts.Total + deleted, counts.Succeeded)) : null;
    }

    /// <summary>Writes the sums.</summary>
    public void Flush()
    {
        foreach (var (batch, change) in changes)
        {
            if (change == default)
                continue;
            var states = change.States;
            database["count-batch"].Bind(1, batch)
                .Bind(2, states.Pending).Bind(3, states.Waiting).Bind(4, states.Running)
                .Bind(5, states.Succeeded).Bind(6, states.Failed).Bind(7, states.Cancelled).Bind(8, change.Deleted).Run();
            if (heads.TryGetValue(batch, out var head))
                heads[batch] = head with { Counts = head.Counts + states, Deleted = head.Deleted + change.Deleted };
        }
        changes.Clear();
    }

    /// <summary>The transaction has come to its end.</summary>
    public void Forget()
    {
        changes.Clear();
        heads.Clear();
        touched.Clear();
    }

    private void Say(WriteTransaction transaction, long batch, bool isOver, StateCounts counts, long deleted)
    {
        var now = transaction.Now;
        database["end-batch"].Bind(1, batch).Bind(2, isOver ? now.ToUnixTimeMilliseconds() : null).Run();
        if (!isOver)
            return;
        transaction.Log(LogKinds.BatchEnded, now, null, null, null, BatchJson.Write(new BatchId(batch), counts, deleted));
        transaction.WakeAfterCommit(WakeUp.Ends);
    }

    private Head? Find(long batch)
    {
        if (heads.TryGetValue(batch, out var known))
            return known;
        if (database["batch-head"].Bind(1, batch).First(row => (Head?)new Head(
                row.Int(0) == 1,
                !row.IsNull(1),
                new StateCounts(row.Long(2), row.Long(3), row.Long(4), row.Long(5), row.Long(6), row.Long(7)),
                row.Long(8))) is not { } head)
            return null;
        return heads[batch] = head;
    }
}
