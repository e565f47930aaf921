using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

public sealed partial class PostgreSqlStore
{
    /// <summary>Opens a store; a missing one is made, an older one migrated.</summary>
    /// <param name="connectionString">Npgsql's connection string, or a <c>postgres://</c> URL, which can say <c>?schema=NAME&amp;listen=false&amp;prepare=false</c>.</param>
    /// <param name="options">How to open it; null takes the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">It cannot be reached (a server too busy to answer is tried for 60 s, or once for as long as the connection string's <c>Timeout</c>, in a URL <c>connect_timeout</c>, says), is missing and may not be made, or is of a newer version.</exception>
    /// <exception cref="FormatException">The connection string cannot be read.</exception>
    public static Task<PostgreSqlStore> OpenAsync(string connectionString, PostgreSqlStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (settings, inUrl) = ConnectionUrl.Read(connectionString);
        options ??= new PostgreSqlStoreOptions();
        inUrl.ApplyTo(options);
        settings.ApplicationName ??= "steadwork";
        // What a connection was last used for leaves nothing behind here, so that nothing has to be reset each time.
        settings.NoResetOnClose = true;
        // Of several hosts the primary can be another one by now: ten seconds of believing otherwise would be ten seconds of standstill.
        if (!ConnectionUrl.Says(settings.ConnectionString, "Host Recheck Seconds"))
            settings.HostRecheckSeconds = 1;
        return OpenAsync(Lean(settings), owned: true, options, cancellationToken);
    }

    /// <summary>Opens a store on a data source of the caller's, who closes it after the store.</summary>
    /// <inheritdoc cref="OpenAsync(string, PostgreSqlStoreOptions?, CancellationToken)"/>
    /// <param name="dataSource">Where connections come from; two at once are enough.</param>
    /// <param name="options">How to open it; null takes the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<PostgreSqlStore> OpenAsync(NpgsqlDataSource dataSource, PostgreSqlStoreOptions? options = null, CancellationToken cancellationToken = default) =>
        OpenAsync(dataSource, owned: false, options, cancellationToken);

    /// <summary>
    /// Knows only the types that the store uses, which are the server's own, and does not ask it for others: a process that
    /// does one thing and ends starts in half the time.
    /// </summary>
    private static NpgsqlDataSource Lean(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableArrays().EnableTransportSecurity().EnableIntegratedSecurity().ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    private static async Task<PostgreSqlStore> OpenAsync(NpgsqlDataSource dataSource, bool owned, PostgreSqlStoreOptions? options, CancellationToken cancellationToken)
    {
        options ??= new PostgreSqlStoreOptions();
        options.Validate();
        var database = new Database(dataSource, owned, options);
        try
        {
            var (storeId, now) = await Opening.OpenAsync(database, options, cancellationToken).ConfigureAwait(false);
            return new PostgreSqlStore(database, options, storeId, now);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
