using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Takes batches into the store, and closes them.</summary>
internal static class NewBatches
{
    public static StoredBatch Add(WriteTransaction transaction, NewBatch batch, Func<WriteTransaction, IReadOnlyList<NewJob>, BatchId?, EnqueuedJob[]> enqueue)
    {
        transaction.RequireService();
        var id = transaction.Batches.Add(batch.Name, batch.IsOpen, transaction.Now);
        var stored = batch.Stored(id, enqueue(transaction, batch.JobsOf(id), id));
        if (stored.Follower is { } follower)
            transaction.Database["be-followed"].Bind(1, id.Value).Bind(2, follower.Id.Value).Run();
        // It may have no job.
        transaction.Batches.Touch(id.Value);
        return stored;
    }

    /// <returns>False when it is closed already, null when there is none.</returns>
    public static bool? Close(WriteTransaction transaction, BatchId batch)
    {
        transaction.RequireService();
        return transaction.Batches.Close(batch);
    }
}
