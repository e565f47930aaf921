using System.Collections.Concurrent;
using Npgsql;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;

[assembly: Xunit.AssemblyFixture(typeof(Steadwork.StoreTests.Fixtures.PostgreSqlServer.CleanUp))]

namespace Steadwork.StoreTests.Fixtures;

/// <summary>The server that the tests were given, and schemas in it, which are emptied and used again: to make one takes longer than most tests.</summary>
internal static class PostgreSqlServer
{
    private const string Variable = "STEADWORK_TEST_POSTGRES";
    private static readonly ConcurrentBag<TestSchema> Free = [];
    private static int made;

    /// <summary>What holds of each row: checked by the server in all tests, and only there, since each statement would pay for it (see docs/decisions/0028).</summary>
    private static readonly (string Table, string Holds)[] Rules = [
        ("jobs", "state IN ('pending', 'waiting', 'running')"),
        ("jobs", "attempt >= 0 AND failures >= 0 AND max_attempts >= 1 AND priority BETWEEN 1 AND 1000 AND exclusive_limit >= 1"),
        ("jobs", "slot BETWEEN 1 AND exclusive_limit"),
        ("jobs", "NOT ready OR state = 'pending'"),
        ("jobs", "NOT blocked OR state = 'waiting'"),
        ("jobs", "slot IS NULL OR (exclusive_key IS NOT NULL AND state <> 'waiting')"),
        ("jobs", "exclusive_key IS NULL OR slot IS NOT NULL OR NOT (ready OR state = 'running')"),
        ("jobs", "(state = 'running') = (worker IS NOT NULL)"),
        ("jobs", "state <> 'running' OR lease > 0"),
        ("history", "state IN ('succeeded', 'failed', 'cancelled')"),
        ("history", "NOT orphaned OR state = 'cancelled'"),
        ("attempts", "outcome IN ('failed', 'crashed', 'cancelled', 'snoozed', 'released')")];

    public static string Url { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url
        ? url
        : throw new InvalidOperationException($"Set {Variable} to the URL of a PostgreSQL server, or run the tests by ./test, which starts one.");

    /// <summary>The way to the server, for whoever connects. It waits longer than usual: a shared machine may stand still, or set its clock.</summary>
    public static string ConnectionString { get; } = new NpgsqlConnectionStringBuilder(ConnectionUrl.Read(Url).Settings.ConnectionString) { Timeout = 120 }.ConnectionString;

    /// <summary>Connections for what is no schema's of the tests.</summary>
    public static NpgsqlDataSource Source { get; } = Connections();

    /// <summary>A pool. No test cuts the power: only the time of waiting for the disk is saved.</summary>
    private static NpgsqlDataSource Connections() => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString)
    {
        MaxPoolSize = 40,
        ConnectionIdleLifetime = 30,
        NoResetOnClose = true,
        Options = "-c synchronous_commit=off",
    });

    /// <summary>
    /// A schema with the tables of a store, and connections of its own: a connection keeps the plans of what it was asked, and a pool hands out the
    /// one that has rested longest, so that in one pool for all schemas nearly every statement would be planned anew.
    /// </summary>
    internal sealed record TestSchema(string Name, NpgsqlDataSource Source);

    public static TestSchema Take()
    {
        if (Free.TryTake(out var free))
            return free;
        var schema = $"steadwork_test_{Environment.ProcessId}_{Interlocked.Increment(ref made)}";
        CleanUp.Made.Add(schema);
        PostgreSqlStore.OpenAsync(Source, new PostgreSqlStoreOptions { Schema = schema, Listen = false }).GetAwaiter().GetResult().DisposeAsync().AsTask().GetAwaiter().GetResult();
        Execute($"""
            CREATE TABLE {schema}.test_clock (wall timestamptz NOT NULL, lease timestamptz NOT NULL);
            INSERT INTO {schema}.test_clock VALUES (now(), now());
            CREATE OR REPLACE FUNCTION {schema}.wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT wall FROM {schema}.test_clock';
            CREATE OR REPLACE FUNCTION {schema}.lease_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT lease FROM {schema}.test_clock';
            """);
        Execute(string.Concat(Rules.Select(rule => $"ALTER TABLE {schema}.{rule.Table} ADD CHECK ({rule.Holds});")));
        return new TestSchema(schema, Connections());
    }

    /// <summary>Empties a schema for the next test.</summary>
    public static void GiveBack(TestSchema schema)
    {
        string[] tables = ["lanes", "lane_changes", "queues", "jobs", "history", "attempts", "workers", "log", "log_places", "loose_ends", "dependencies", "schedules", "pauses", "settings", "limits", "limit_uses", "held_keys", "breakers", "breaker_types", "breaker_calls", "batches", "batch_changes"];
        string[] sequences = ["service", "gating", "lanes_id_seq", "job_ids", "leases", "workers_id_seq", "log_batches", "batch_ids"];
        Execute(schema.Source, string.Concat(tables.Select(table => $"DELETE FROM {schema.Name}.{table};")) + string.Concat(sequences.Select(sequence => $"SELECT setval('{schema.Name}.{sequence}', 1, false);")));
        Free.Add(schema);
    }

    public static void Execute(string sql) => Execute(Source, sql);

    public static void Execute(NpgsqlDataSource source, string sql)
    {
        using var command = source.CreateCommand(sql);
        command.ExecuteNonQuery();
    }

    /// <summary>Removes what the tests have made, once the last has ended: a process that is at its end may be stopped before it is done.</summary>
    public sealed class CleanUp : IDisposable
    {
        // Here, so that a run that needs no server asks for none.
        internal static readonly ConcurrentBag<string> Made = [];

        public void Dispose()
        {
            foreach (var schema in Made)
                Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }
}
