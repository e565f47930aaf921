using System.Data;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Log;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Copying;

/// <summary>Takes the store out of service and back, and opens it for a copy.</summary>
internal sealed class Service(Database database, EventLog log)
{
    /// <summary>First the reason, so that whoever is refused is told it.</summary>
    public async Task RetireAsync(Retirement retirement, CancellationToken cancellationToken)
    {
        await RunAsync(database.Batch().Add("say-retired", Value.Of(retirement.Stored)), cancellationToken).ConfigureAwait(false);
        await RunAsync(database.Batch().Add("retire"), cancellationToken).ConfigureAwait(false);
    }

    public Task ReopenAsync(CancellationToken cancellationToken) => RunAsync(database.Batch().Add("reopen"), cancellationToken);

    public Task<UnderWay> SettleDownAsync(CancellationToken cancellationToken) =>
        database.TransactAsync(async transaction =>
        {
            var (free, running) = await transaction.RunAsync(
                transaction.Batch().Add("lock-service", Value.Of(database.LockSpace)).Add("running"),
                async reader => (
                    await reader.FirstAsync(row => row.Bool(0)).ConfigureAwait(false),
                    await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Long(0)).ConfigureAwait(false))).ConfigureAwait(false);
            var left = new UnderWay(running, Transactions: !free);
            if (!left.IsNothing)
                return left;
            while (await transaction.RunAsync(transaction.Batch().Add("admit-noted", Value.Of(database.LockSpace)), reader => reader.FirstAsync(row => row.Long(0) > 0)).ConfigureAwait(false))
                ;
            await transaction.RunAsync(transaction.Batch().Add("sign-off")).ConfigureAwait(false);
            return left;
        }, cancellationToken);

    public async Task<ICopyReader> ReadOutAsync(CancellationToken cancellationToken)
    {
        await log.GivePlacesAsync(cancellationToken).ConfigureAwait(false);
        return await BeginAsync<ICopyReader>(IsolationLevel.RepeatableRead, (connection, transaction) => Task.FromResult<ICopyReader>(new StoreReader(database, connection, transaction)), cancellationToken).ConfigureAwait(false);
    }

    public Task<ICopyWriter> FillAsync(CancellationToken cancellationToken) =>
        BeginAsync<ICopyWriter>(IsolationLevel.ReadCommitted, async (connection, transaction) =>
        {
            var batch = database.Batch().Add("await-service", Value.Of(database.LockSpace));
            try
            {
                await database.RunAsync(connection, batch, static _ => Task.FromResult(true), transaction).ConfigureAwait(false);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                throw new StoreUnavailableException($"Others are writing into the store {database.PlaceInSentence}; a copy needs one that is empty.", error);
            }
            return new StoreWriter(database, connection, transaction);
        }, cancellationToken);

    private async Task<T> BeginAsync<T>(IsolationLevel isolation, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> begin, CancellationToken cancellationToken)
    {
        var connection = await database.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await begin(connection, await connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private Task RunAsync(Batch batch, CancellationToken cancellationToken) => database.RunAsync(batch, static _ => Task.FromResult(true), cancellationToken);
}
