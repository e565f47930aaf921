using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Copying;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite;

public sealed partial class SqliteStore : ICopyableStore
{
    private static readonly TimeSpan CopyPatience = TimeSpan.FromSeconds(30);

    string ICopyableStore.Place => $"'{Path}'";

    Task<Retirement?> ICopyableStore.RetirementAsync(CancellationToken cancellationToken) => ReadAsync(Service.RetirementOf, cancellationToken);

    Task ICopyableStore.RetireAsync(Retirement retirement, CancellationToken cancellationToken) =>
        writer.WriteAsync(transaction => Service.Retire(transaction, retirement), cancellationToken);

    Task ICopyableStore.ReopenAsync(CancellationToken cancellationToken) => writer.WriteAsync(Service.Reopen, cancellationToken);

    Task<UnderWay> ICopyableStore.SettleDownAsync(CancellationToken cancellationToken) => writer.WriteAsync(Service.SettleDown, cancellationToken);

    Task<ICopyReader> ICopyableStore.ReadOutAsync(CancellationToken cancellationToken) => OnConnection<ICopyReader>(StoreReader.Begin, cancellationToken);

    Task<ICopyWriter> ICopyableStore.FillAsync(CancellationToken cancellationToken) =>
        OnConnection<ICopyWriter>(database => StoreWriter.Begin(database, options.Clock), cancellationToken);

    private Task<T> OnConnection<T>(Func<Database, T> begin, CancellationToken cancellationToken) => AtOnce(() =>
    {
        var database = new Database(Path, options.Synchronous, CopyPatience);
        try
        {
            return begin(database);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }, cancellationToken);
}
