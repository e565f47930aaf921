using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The batches: made with their jobs, closed, and looked at. When they have ended is seen where jobs end (see end_of_batch).</summary>
internal sealed class Batches(Database database, Lanes lanes)
{
    private const string Patience = "2s";

    /// <returns>The batch, and what whoever listens may want to know.</returns>
    public async Task<(StoredBatch Batch, WakeUp WakeUps)> AddAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        var jobs = batch.JobsOf(default);
        await lanes.MakeAsync(jobs, cancellationToken).ConfigureAwait(false);
        return await database.TransactAsync(async transaction =>
        {
            var storing = new Storing(database, jobs, lanes.Of, Patience, making: batch);
            var answers = await storing.CarryOutAsync(transaction.RunAsync).ConfigureAwait(false);
            return (batch.Stored(storing.Made, answers), storing.WakeUps);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>False when it is closed already, null when there is none.</returns>
    public Task<bool?> CloseAsync(BatchId batch, CancellationToken cancellationToken) =>
        database.TransactAsync(async transaction =>
        {
            var open = await transaction.RunAsync(
                transaction.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("hold-batch", Value.Of(batch.Value)),
                async reader => await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => (bool?)row.Bool(0)).ConfigureAwait(false)).ConfigureAwait(false);
            if (open is true)
                await transaction.RunAsync(transaction.Batch().Add("close-batch", Value.Of(batch.Value), Value.Of(database.LockSpace))).ConfigureAwait(false);
            return open;
        }, cancellationToken);

    public Task<List<BatchView>> FindAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("batches", Value.Of([.. batches.Select(batch => batch.Value)])), reader => reader.AllAsync(Row), cancellationToken);

    /// <summary>A batch, by the columns of the statements that read some.</summary>
    public static BatchView Row(DbDataReader row) => new()
    {
        Id = new BatchId(row.Long(0)),
        Name = row.TextOrNull(1),
        IsOpen = row.Bool(2),
        CreatedAt = row.Time(3),
        EndedAt = row.TimeOrNull(4),
        Follower = row.LongOrNull(5) is { } follower ? new JobId(follower) : null,
        Counts = new StateCounts(row.Long(6), row.Long(7), row.Long(8), row.Long(9), row.Long(10), row.Long(11)),
        Deleted = row.Long(12),
    };
}
