using System.Data.Common;

namespace Steadwork.Storage;

/// <summary>A store that lies in a database which the program writes to as well: both can be one transaction.</summary>
public interface ITransactionalStore
{
    /// <summary>Stores jobs in the caller's transaction: they are there if and only if it commits. Workers are woken when it has ended.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="transaction">The transaction, on a connection to the database of this store.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One answer a job, in order.</returns>
    /// <exception cref="ArgumentException">The transaction is over, or of another database.</exception>
    Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Makes a batch in the caller's transaction, with its first jobs and its follower; else as <see cref="IBatchStore.AddBatchAsync"/>.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="transaction">The transaction, on a connection to the database of this store.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The transaction is over, or of another database.</exception>
    Task<StoredBatch> AddBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Ends an attempt in the caller's transaction.</summary>
    /// <param name="end">What becomes of the job.</param>
    /// <param name="transaction">The transaction, on a connection to the database of this store.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when the lease is lost: nothing was changed, and the transaction should not be committed.</returns>
    /// <exception cref="ArgumentException">The transaction is over, or of another database.</exception>
    Task<bool> SettleAsync(AttemptEnd end, DbTransaction transaction, CancellationToken cancellationToken);
}

/// <summary>Notices the end of somebody else's transaction.</summary>
internal static class TransactionEnd
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Calls back once the transaction has been committed or rolled back: no driver tells of it. Looks often at first, then less; a poll
    /// stands behind it. Npgsql has one object for all transactions of a connection to the server, which may be somebody else's by now: then
    /// it belongs to another connection of the caller's.
    /// </summary>
    public static async Task AwaitAsync(DbTransaction transaction, Action over)
    {
        var began = TimeProvider.System.GetTimestamp();
        var connection = transaction.Connection;
        for (var pause = First; !IsOver(transaction, connection) && TimeProvider.System.GetElapsedTime(began) < Enough; pause = pause * 1.5 < Longest ? pause * 1.5 : Longest)
            await Task.Delay(pause, TimeProvider.System).ConfigureAwait(false);
        over();
    }

    /// <summary>Whether the transaction has ended: its connection is then none, or it refuses to tell of itself.</summary>
    public static bool IsOver(DbTransaction transaction) => IsOver(transaction, null);

    private static bool IsOver(DbTransaction transaction, DbConnection? begunOn)
    {
        try
        {
            _ = transaction.IsolationLevel;
            return transaction.Connection is not { } connection || (begunOn is not null && connection != begunOn);
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
