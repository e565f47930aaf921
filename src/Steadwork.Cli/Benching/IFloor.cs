namespace Steadwork.Cli.Benching;

/// <summary>
/// What the database itself can do with the same rows: plain statements over a table with the columns and the indexes of the store's own,
/// as durable, and nothing else. Each work begins with an empty table, and its answer is jobs a second unless it says otherwise.
/// </summary>
internal interface IFloor : IAsyncDisposable
{
    /// <summary>What every durable commit waits for: the milliseconds that a page takes to be written and to be on the disk, each time.</summary>
    Task<IReadOnlyList<double>> SyncAsync(int times);

    /// <summary>One caller, a transaction for each job.</summary>
    Task<double> EnqueueOneAsync(int jobs);

    /// <summary>Callers who each wait for the commit of their job, gathered by a writer that takes what has queued up during its last commit.</summary>
    Task<double> EnqueueAsync(int callers, int jobs);

    /// <summary>Many at once, in the fastest way that there is.</summary>
    Task<double> BulkAsync(int jobs);

    /// <summary>Claims and completes, in batches: the ends of one and the claim of the next in one transaction.</summary>
    /// <param name="jobs">How many.</param>
    /// <param name="batch">How many a transaction.</param>
    /// <param name="logs">Whether each step leaves an entry in a log.</param>
    Task<double> DrainAsync(int jobs, int batch, bool logs = false);

    /// <summary>An insert, a bell to another thread, and there the claim, each with its commit.</summary>
    /// <returns>The milliseconds from the one to the other's end, of each.</returns>
    Task<IReadOnlyList<double>> PickUpAsync(int samples);
}
