using System.Data;
using System.Data.Common;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Makes changes in a transaction of the caller's, on the caller's connection.</summary>
internal sealed class CallersTransaction(Database database, Lanes lanes, Action<WakeUp> changed)
{
    public async Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken) =>
        jobs.Count == 0 ? [] : (await StoreAsync(jobs, making: null, transaction, cancellationToken).ConfigureAwait(false)).Answers;

    public async Task<StoredBatch> AddBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var (made, answers) = await StoreAsync(batch.JobsOf(default), batch, transaction, cancellationToken).ConfigureAwait(false);
        return batch.Stored(made, answers);
    }

    private async Task<(BatchId Made, EnqueuedJob[] Answers)> StoreAsync(IReadOnlyList<NewJob> jobs, NewBatch? making, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var (own, connection) = Own(transaction);
        // Who bears a key now, or which batch is open, an old snapshot cannot tell.
        var isOld = own.IsolationLevel is IsolationLevel.RepeatableRead or IsolationLevel.Serializable or IsolationLevel.Snapshot;
        if (isOld && jobs.FirstOrDefault(job => job.UniqueKey is not null) is { } keyed)
            throw new ArgumentException($"A job with a unique key ('{keyed.UniqueKey}') cannot be enqueued in a transaction of the level {own.IsolationLevel}; use ReadCommitted, or no key.", nameof(jobs));
        if (isOld && making is null && jobs.FirstOrDefault(job => job.Batch is not null) is { } added)
            throw new ArgumentException($"A job cannot be added to a batch ({added.Batch}) in a transaction of the level {own.IsolationLevel}; use ReadCommitted, or no batch.", nameof(jobs));
        var laneOf = await lanes.OfAsync(jobs, connection, own, cancellationToken).ConfigureAwait(false);
        var storing = new Storing(database, jobs, laneOf, patience: null, making: making);
        var answers = await storing.CarryOutAsync((batch, read) => database.RunAsync(connection, batch, read, own)).ConfigureAwait(false);
        if (storing.WakeUps is not WakeUp.None)
            WakeAfter(transaction, storing.WakeUps);
        return (storing.Made, answers);
    }

    public async Task<bool> SettleAsync(AttemptEnd end, DbTransaction transaction)
    {
        var (own, connection) = Own(transaction);
        var ends = new ToldEnds([end], lockSpace: null);
        var batch = database.Batch();
        ends.AddTo(batch);
        await database.RunAsync(connection, batch, ends.ReadAsync, own).ConfigureAwait(false);
        if (ends.Accepted[0])
            WakeAfter(transaction, ends.WakeUps | WakeUp.Jobs);
        return ends.Accepted[0];
    }

    private void WakeAfter(DbTransaction transaction, WakeUp wakeUps) => _ = TransactionEnd.AwaitAsync(transaction, () => changed(wakeUps));

    private (NpgsqlTransaction Transaction, NpgsqlConnection Connection) Own(DbTransaction transaction)
    {
        if (TransactionEnd.IsOver(transaction))
            throw new ArgumentException("The transaction has been committed or rolled back already.", nameof(transaction));
        if (transaction is not NpgsqlTransaction { Connection: { } connection } own)
            throw new ArgumentException($"{transaction.GetType().Name} is no transaction of the database of this store, {database.Place}.", nameof(transaction));
        if (!database.IsSame(connection))
            throw new ArgumentException($"The transaction is one of the database '{connection.Database}' of {connection.DataSource}; the store is at {database.Place}.", nameof(transaction));
        return (own, connection);
    }
}
