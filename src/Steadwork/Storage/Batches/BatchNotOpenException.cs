namespace Steadwork.Storage;

/// <summary>A job was to be of a batch that takes none: nothing was stored.</summary>
public sealed class BatchNotOpenException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="isClosed">Whether it is there, and closed.</param>
    public BatchNotOpenException(BatchId batch, bool isClosed)
        : base(isClosed ? $"Batch {batch} is closed and takes no more jobs. Nothing was stored." : $"There is no batch {batch}; it may have been pruned. Nothing was stored.") =>
        (Batch, IsClosed) = (batch, isClosed);

    /// <summary>The batch.</summary>
    public BatchId Batch { get; }

    /// <summary>Whether it is closed; false when there is none of this number.</summary>
    public bool IsClosed { get; }
}
