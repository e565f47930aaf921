using Npgsql;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.Cli.Tests.Copying;

/// <summary>A place for a store of the test's own, in the PostgreSQL server that the tests were given.</summary>
internal sealed class ServerStore : IDisposable
{
    private const string Variable = "STEADWORK_TEST_POSTGRES";
    private static readonly string Server = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url
        ? url
        : throw new InvalidOperationException($"Set {Variable} to the URL of a PostgreSQL server, or run the tests by ./test, which starts one.");

    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(ConnectionUrl.Read(Server).Settings);

    public string Schema { get; } = "steadwork_cli_" + Guid.NewGuid().ToString("N")[..12];

    public string Url => $"{Server}{(Server.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={Schema}";

    /// <summary>Makes an empty store, or opens the one that is there.</summary>
    public Task<PostgreSqlStore> OpenAsync() => PostgreSqlStore.OpenAsync(Url, new PostgreSqlStoreOptions { Listen = false });

    public async Task<NpgsqlConnection> ConnectAsync() => await source.OpenConnectionAsync();

    public static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync() ?? throw new InvalidOperationException("No answer."));
    }

    public void Dispose()
    {
        using (var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {Schema} CASCADE"))
            drop.ExecuteNonQuery();
        source.Dispose();
    }
}
