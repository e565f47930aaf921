namespace Steadwork;

/// <summary>A batch of more than 10,000 jobs broke off between two chunks: what is stored of it is there and runs, and the batch is open and waits for the rest.</summary>
public sealed class BatchBrokenOffException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="stored">How many of its jobs were stored for sure, from the first on.</param>
    /// <param name="cause">Why no more were.</param>
    public BatchBrokenOffException(BatchId batch, int stored, Exception cause)
        : base($"Of batch {batch} the first {stored:N0} jobs are stored, and it is still open: {cause.Message} Add the others and close it, or cancel what is there.", cause) =>
        (Batch, Stored) = (batch, stored);

    /// <summary>The batch.</summary>
    public BatchId Batch { get; }

    /// <summary>How many of its jobs were stored for sure, from the first on. Of the next 10,000 it may not be known.</summary>
    public int Stored { get; }
}
