using System.Text.RegularExpressions;
using Npgsql;
using Steadwork.Cli.Shell;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.Cli.Benching;

/// <summary>Schemas of its own on a server, which go when it is over.</summary>
internal sealed partial class ServerPlace(string url) : Place
{
    private readonly string prefix = $"steadwork_bench_{Environment.ProcessId}_", kept = $"steadwork_bench_{Environment.ProcessId}kept_";
    private readonly NpgsqlDataSource source = Open(ConnectionUrl.Read(url).Settings);

    public override string Kind => "PostgreSQL";

    public override string Name => $"PostgreSQL at {ConnectionUrl.WithoutSecrets(url)}";

    public override string WrittenTo => "the server's log";

    protected override string Url(int number, bool isKept)
    {
        var without = SchemaOf().Replace(url, "");
        return $"{without}{(without.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={(isKept ? kept : prefix)}{number}";
    }

    protected override Task<IFloor> FloorAsync(int number) => PostgreSqlFloor.OpenAsync(source, Url(number, isKept: false), prefix + number);

    public override async Task<Effort> EffortAsync(StoreUrl store)
    {
        // Those that have written have a number each; both go for the whole server, on which nothing else is measured.
        var numbers = await AskAsync("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::double precision, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::double precision", row => (row.GetDouble(0), row.GetDouble(1))).ConfigureAwait(false);
        return new Effort(numbers[0].Item1, numbers[0].Item2);
    }

    public override async Task<double> TransactionsEndedAsync() =>
        (await AskAsync("SELECT (xact_commit + xact_rollback)::double precision FROM pg_stat_database WHERE datname = current_database()", row => row.GetDouble(0)).ConfigureAwait(false))[0];

    public override async Task RepeatFinishedAsync(StoreUrl store, int jobs)
    {
        var schema = ConnectionUrl.Read(store.ToString()).Store.Schema;
        var columns = (await AskAsync($"SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = 'history' AND column_name <> 'id'", row => row.GetString(0)).ConfigureAwait(false))[0];
        const int rows = 500_000;
        for (var left = jobs; left > 0; left -= rows)
            await AskAsync($"INSERT INTO {schema}.history (id, {columns}) SELECT nextval('{schema}.job_ids'), {columns} FROM (SELECT * FROM {schema}.history LIMIT 1) AS one, generate_series(1, {Math.Min(left, rows)})", row => 0).ConfigureAwait(false);
        await AskAsync($"INSERT INTO {schema}.lane_changes (lane, succeeded) SELECT lane, {jobs} FROM {schema}.history LIMIT 1", row => 0).ConfigureAwait(false);
        await AskAsync($"VACUUM ANALYZE {schema}.history", row => 0).ConfigureAwait(false);
    }

    public override async Task ClearAsync(bool all = false)
    {
        foreach (var schema in await AskAsync($"SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, '{prefix}') OR ({all} AND starts_with(nspname, '{kept}'))", row => row.GetString(0)).ConfigureAwait(false))
            await AskAsync($"DROP SCHEMA {schema} CASCADE", row => 0).ConfigureAwait(false);
    }

    private async Task<List<T>> AskAsync<T>(string sql, Func<NpgsqlDataReader, T> row)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync().ConfigureAwait(false))
            rows.Add(row(reader));
        return rows;
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
