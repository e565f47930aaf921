using System.Text.RegularExpressions;
using Npgsql;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.Cli.Benching;

/// <summary>Schemas of its own on a server, which go when it is over.</summary>
internal sealed partial class ServerPlace(string url) : Place
{
    private readonly string prefix = $"steadwork_bench_{Environment.ProcessId}_";
    private readonly NpgsqlDataSource source = Open(ConnectionUrl.Read(url).Settings);

    public override string Name => $"PostgreSQL at {ConnectionUrl.WithoutSecrets(url)}";

    protected override string Url(int number)
    {
        var without = SchemaOf().Replace(url, "");
        return $"{without}{(without.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={prefix}{number}";
    }

    protected override Task<IFloor> FloorAsync(int number) => PostgreSqlFloor.OpenAsync(source, Url(number), prefix + number);

    public override async Task ClearAsync()
    {
        var schemas = new List<string>();
        await using (var all = source.CreateCommand("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)"))
        {
            all.Parameters.Add(new NpgsqlParameter { Value = prefix });
            await using var reader = await all.ExecuteReaderAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false))
                schemas.Add(reader.GetString(0));
        }
        foreach (var schema in schemas)
        {
            await using var drop = source.CreateCommand($"DROP SCHEMA {schema} CASCADE");
            await drop.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        await source.DisposeAsync().ConfigureAwait(false);
    }

    private static NpgsqlDataSource Open(NpgsqlConnectionStringBuilder settings)
    {
        settings.NoResetOnClose = true;
        return new NpgsqlSlimDataSourceBuilder(settings.ConnectionString).EnableArrays().Build();
    }

    [GeneratedRegex("(?<=[?&])schema=[^&]*&?")]
    private static partial Regex SchemaOf();
}
