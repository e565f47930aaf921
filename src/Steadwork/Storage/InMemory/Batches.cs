namespace Steadwork.Storage.InMemory;

/// <summary>The batches, and how many of their jobs stand in which state.</summary>
internal sealed class Batches
{
    private readonly SortedDictionary<long, BatchView> batches = [];
    private readonly SortedSet<long> touched = [];
    private long lastBatch;

    public IEnumerable<BatchView> All => batches.Values;

    public BatchView? Find(long id) => batches.GetValueOrDefault(id);

    public BatchId Add(string? name, bool isOpen, DateTimeOffset now)
    {
        var id = new BatchId(++lastBatch);
        batches.Add(id.Value, new BatchView { Id = id, Name = name, IsOpen = isOpen, CreatedAt = Times.Whole(now), EndedAt = null, Counts = default, Deleted = 0, Follower = null });
        return id;
    }

    public void Put(BatchView batch) => batches[batch.Id.Value] = batch;

    public void Remove(long id) => batches.Remove(id);

    /// <summary>A job has come to stand in a state, or stands there no more.</summary>
    public void Count(Job job, int change)
    {
        if (job.BatchId is { } id && Find(id.Value) is { } batch)
            Put(batch with { Counts = batch.Counts.With(job.State, change) });
    }

    /// <summary>A job has been deleted, and counts no more in its state.</summary>
    public void Deleted(Job job)
    {
        if (job.BatchId is not { } id)
            return;
        var batch = Find(id.Value)!;
        Put(batch with { Deleted = batch.Deleted + (job.State is JobState.Succeeded ? 0 : 1) });
    }

    /// <summary>A batch may have ended, or has not ended any more.</summary>
    public void Touch(BatchId? batch)
    {
        if (batch is { } id)
            touched.Add(id.Value);
    }

    /// <summary>The batches that have been touched since this was last asked.</summary>
    public IReadOnlyList<long> TakeTouched()
    {
        long[] taken = [.. touched];
        touched.Clear();
        return taken;
    }
}
