namespace Steadwork.Storage;

/// <summary>
/// The batches of a store. One method is one transaction. A batch ends when it is closed and none of its jobs is unfinished; when one
/// of them is retried it goes on, and ends again. How many of its jobs stand in which state is kept, and never counted.
/// </summary>
public interface IBatchStore
{
    /// <summary>
    /// Makes a batch with its first jobs and its follower, all or nothing. A job whose unique key is taken joins the batch as nothing: it is not
    /// stored, and its bearer stays what it is. That of the follower must be free.
    /// </summary>
    /// <exception cref="ParentMissingException">A job is to come after one that there is not.</exception>
    /// <exception cref="UniqueKeyTakenException">The unique key of a job is taken that must not be, or that of the follower.</exception>
    Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken);

    /// <summary>Closes a batch: it takes no more jobs, and ends once all that it has have ended, at once if they have.</summary>
    /// <returns>False when it is closed already, null when there is none.</returns>
    Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken);

    /// <summary>How batches stand: those of the given ones that there are, in the order of their ids. Its cost does not grow with the number of their jobs.</summary>
    Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken);
}

/// <summary>A batch on its way into a store.</summary>
public sealed record NewBatch
{
    /// <summary>Its name for people; it need not be the only one of that name. None unless said.</summary>
    public string? Name { get; init; }

    /// <summary>Whether it takes more jobs until it is closed. No unless said.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Its jobs, or the first of them.</summary>
    public IReadOnlyList<NewJob> Jobs { get; init; } = [];

    /// <summary>The job that follows when the batch has ended: if all of its jobs have succeeded, or with <see cref="NewJob.RunsAnyway"/> however they have. None unless said.</summary>
    public NewJob? Follower { get; init; }

    /// <summary>All that is to be stored, the follower last.</summary>
    internal IReadOnlyList<NewJob> JobsOf(BatchId id)
    {
        var jobs = Jobs.Select(job => job with { Batch = id });
        // Were the bearer of its key named instead, nothing would follow.
        return Follower is null ? [.. jobs] : [.. jobs, Follower with { AfterBatch = id, WhenTaken = Follower.UniqueKey is null ? WhenTaken.Keep : WhenTaken.Refuse }];
    }

    /// <summary>What has been stored of it.</summary>
    internal StoredBatch Stored(BatchId id, IReadOnlyList<EnqueuedJob> answers) =>
        Follower is null ? new StoredBatch(id, answers, null) : new StoredBatch(id, [.. answers.SkipLast(1)], answers[^1]);
}

/// <summary>The answer to a new batch.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Jobs">One answer a job, in order; one that is <see cref="EnqueuedJob.Existing"/> is not of the batch.</param>
/// <param name="Follower">That to its follower; null when it has none.</param>
public sealed record StoredBatch(BatchId Id, IReadOnlyList<EnqueuedJob> Jobs, EnqueuedJob? Follower);

/// <summary>How a batch stands.</summary>
public sealed record BatchView
{
    /// <summary>Its number.</summary>
    public required BatchId Id { get; init; }

    /// <summary>Its name for people; null when it has none.</summary>
    public required string? Name { get; init; }

    /// <summary>Whether it takes more jobs.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ended; null while it has not, and again from when one of its jobs is retried.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>How many of its jobs stand in which state. Those that have ended and been pruned count as they ended; those that were deleted do not count.</summary>
    public required StateCounts Counts { get; init; }

    /// <summary>How many of its jobs were deleted before they had succeeded: with them it has not succeeded.</summary>
    public required long Deleted { get; init; }

    /// <summary>The job that follows it; null when none does. It may have been deleted.</summary>
    public required JobId? Follower { get; init; }

    /// <summary>How many of its jobs have not ended.</summary>
    public long Unfinished => Counts.Unfinished;

    /// <summary>How many jobs it has, those that were pruned included.</summary>
    public long Total => Counts.Total;

    /// <summary>How many of its jobs have ended without success, those that were deleted included.</summary>
    public long Unsuccessful => Counts.Failed + Counts.Cancelled + Deleted;
}
