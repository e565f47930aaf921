using System.Globalization;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>Makes, recognises and migrates the schema, one process at a time.</summary>
internal static class Opening
{
    // What a version adds, a file a part, each after those that it refers to.
    private static readonly string[][] Migrations =
    [
        ["0001-store.sql", "0001-lanes.sql", "0001-jobs.sql", "0001-log.sql", "0001-schedules.sql", "0001-gates.sql", "0001-keys.sql", "0001-batches.sql", "0001-family.sql", "0001-line.sql"],
    ];

    /// <summary>The version of a store that this program writes.</summary>
    public static int CurrentVersion => Migrations.Length;

    /// <summary>The indexes that must be there.</summary>
    public static IReadOnlyList<string> Indexes(Database database) => Migrated.Indexes(Migrations.SelectMany(files => files.Select(database.File)));

    /// <returns>The store's id, and the time there.</returns>
    public static async Task<(string StoreId, DateTimeOffset Now)> OpenAsync(Database database, PostgreSqlStoreOptions options, CancellationToken cancellationToken)
    {
        var connection = await database.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                if (await VersionAsync(connection, options.Schema, cancellationToken).ConfigureAwait(false) is var version && version < CurrentVersion)
                {
                    if (version == 0 && !options.Create)
                        throw new StoreUnavailableException($"There is no store at {database.Place}.");
                    await MigrateAsync(connection, database, options.Schema, cancellationToken).ConfigureAwait(false);
                }
                else if (version > CurrentVersion)
                {
                    throw Newer(database, version);
                }
                // Once for each process: to have the server keep it would take a round trip more.
                var opened = database.Batch().AddText(database.Text("opened"));
                return await database.RunAsync(connection, opened, reader => reader.FirstAsync(row => (row.Text(0), row.Time(1)))).ConfigureAwait(false);
            }
            catch (Exception error) when (Unavailable.IsEnvironmental(error))
            {
                throw Unavailable.Because(database.Place, error);
            }
        }
    }

    private static async Task MigrateAsync(NpgsqlConnection connection, Database database, string schema, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            // Of several that start at once, one does it; the others wait here and find it done.
            await RunAsync(connection, $"SELECT pg_advisory_xact_lock({((long)database.LockSpace << 8).ToString(CultureInfo.InvariantCulture)})", cancellationToken).ConfigureAwait(false);
            var version = await VersionAsync(connection, schema, cancellationToken).ConfigureAwait(false);
            if (version > CurrentVersion)
                throw Newer(database, version);
            if (version == 0 && !await HasSchemaAsync(connection, schema, cancellationToken).ConfigureAwait(false))
                await RunAsync(connection, $"CREATE SCHEMA {Database.Quoted(schema)}", cancellationToken).ConfigureAwait(false);
            for (; version < CurrentVersion; version++)
            {
                foreach (var file in Migrations[version])
                    await RunAsync(connection, database.File(file), cancellationToken).ConfigureAwait(false);
                await RunAsync(connection, version == 0
                    ? database.File("schema-version.sql")
                    : $"UPDATE {Database.Quoted(schema)}.schema_version SET version = {(version + 1).ToString(CultureInfo.InvariantCulture)}", cancellationToken).ConfigureAwait(false);
            }
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The version of the schema; 0 when there is none of ours.</summary>
    private static async Task<int> VersionAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        // Not by to_regclass, which can go by what this session knew before it waited for another's migration.
        var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'schema_version')", connection) { Parameters = { Value.Of(schema) } };
        await using (command.ConfigureAwait(false))
        {
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not true)
                return 0;
        }
        return (int)(await ScalarAsync(connection, $"SELECT version FROM {Database.Quoted(schema)}.schema_version", cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task<bool> HasSchemaAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)", connection) { Parameters = { Value.Of(schema) } };
        await using (command.ConfigureAwait(false))
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
    }

    private static StoreUnavailableException Newer(Database database, int version) =>
        new($"The store at {database.Place} has schema version {version}; this program knows versions up to {CurrentVersion}. Use a newer Steadwork.");

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}
