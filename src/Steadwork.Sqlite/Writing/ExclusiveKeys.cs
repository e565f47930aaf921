using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// The exclusive keys of which something has changed in this transaction. Whoever bears one and has none
/// of the key's places stands behind it; claims see only those that have one, and step over nobody.
/// </summary>
internal sealed class ExclusiveKeys(Database database)
{
    private readonly SortedSet<string> loose = new(StringComparer.Ordinal);
    private readonly HashSet<long> arrived = [];

    /// <summary>A place of the key may have come free.</summary>
    public void Loosen(string? key)
    {
        if (key is not null)
            loose.Add(key);
    }

    /// <summary>A job has come to stand behind the key.</summary>
    public void Arrive(string key, long job)
    {
        loose.Add(key);
        arrived.Add(job);
    }

    /// <summary>
    /// Gives a place of the key, which counts at its limit, to a job that is stored with it next; null when there is none to give, or somebody stands
    /// behind the key. A limit that lets nobody through has the key looked at again when it does.
    /// </summary>
    public long? Take(WriteTransaction transaction, string key, int limit) => First(key) is null ? NextSlot(transaction, key, limit) : null;

    /// <summary>Gives the free places to those whose turn it is.</summary>
    /// <param name="transaction">The transaction.</param>
    public void Admit(WriteTransaction transaction)
    {
        if (loose.Count == 0)
            return;
        foreach (var key in loose)
        {
            while (First(key) is var (job, lane, limit, batch) && NextSlot(transaction, key, limit) is { } slot)
            {
                database["admit"].Bind(1, job).Bind(2, slot).Run();
                transaction.Lanes.Move(lane, JobState.Waiting, JobState.Pending);
                transaction.Batches.Move(batch, JobState.Waiting, JobState.Pending);
                transaction.Lanes.CountReady(lane, +1);
                if (!arrived.Contains(job))
                    transaction.Log(LogKinds.Admitted, transaction.Now, job, null, null);
                transaction.WakeAfterCommit(WakeUp.Jobs);
            }
        }
        Forget();
    }

    public void Forget()
    {
        loose.Clear();
        arrived.Clear();
    }

    private (long Job, long Lane, int Limit, long? Batch)? First(string key) =>
        database["first-behind"].Bind(1, key).First(row => ((long, long, int, long?)?)(row.Long(0), row.Long(1), row.Int(2), row.LongOrNull(3)));

    /// <summary>The place that whoever is next gets, which counts at the key's limit.</summary>
    private long? NextSlot(WriteTransaction transaction, string key, int limit) =>
        FreeSlot(key, limit) is { } slot && transaction.Limits.Admits(key, transaction.Now) ? slot : null;

    private long? FreeSlot(string key, int limit)
    {
        var taken = database["taken-slots"].Bind(1, key).All(row => row.Long(0));
        return taken.Count < limit ? Enumerable.Range(1, limit).First(slot => !taken.Contains(slot)) : null;
    }
}
