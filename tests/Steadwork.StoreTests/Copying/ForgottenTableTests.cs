using Npgsql;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Copying;

/// <summary>Nothing that a store comes to hold is forgotten in its copy.</summary>
public sealed class ForgottenTableTests
{
    private const string Anew = "lanes are numbered anew; what they are called is compared in the pictures of both stores";
    private const string ByEntry = "entries are put together anew; they are compared one by one in the pictures of both stores";
    private const string Counted = "counted anew; compared in the pictures of both stores";
    private const string Running = "no job runs while a copy is made";

    private static readonly EveryColumn OnSqlite = new(
        excused: new()
        {
            ["workers"] = "signed off before a copy is made; how many there were stands in sqlite_sequence",
            ["loose_parents"] = "seen to before a copy is made",
            ["log.position"] = ByEntry,
            ["log.entries"] = ByEntry,
            ["log.at"] = ByEntry,
            ["log.kind"] = ByEntry,
            ["log.jobs"] = ByEntry,
            ["log.worker"] = ByEntry,
            ["log.data"] = ByEntry,
            ["lanes.id"] = Anew,
            ["jobs.lane"] = Anew,
        },
        unfilled: new() { ["lanes.running"] = Running, ["batches.running"] = Running });

    private static readonly EveryColumn OnPostgreSql = new(
        excused: new()
        {
            ["workers"] = "signed off before a copy is made; how many there were stands in its sequence",
            ["lane_changes"] = Counted,
            ["batch_changes"] = Counted,
            ["batches.pending"] = Counted,
            ["batches.waiting"] = Counted,
            ["batches.running"] = Counted,
            ["batches.succeeded"] = Counted,
            ["batches.failed"] = Counted,
            ["batches.cancelled"] = Counted,
            ["batches.deleted"] = Counted,
            ["loose_ends"] = "seen to before a copy is made",
            ["log_places"] = ByEntry,
            ["log.batch"] = ByEntry,
            ["log.at"] = ByEntry,
            ["log.entries"] = ByEntry,
            ["log.kinds"] = ByEntry,
            ["log.worker"] = ByEntry,
            ["log.jobs"] = ByEntry,
            ["log.leases"] = ByEntry,
            ["log.data"] = ByEntry,
            ["lanes.id"] = Anew,
            ["jobs.lane"] = Anew,
            ["history.lane"] = Anew,
            ["lanes.used"] = "one that never had a job is not copied",
            ["lanes.pending"] = Counted,
            ["lanes.waiting"] = Counted,
            ["lanes.running"] = Counted,
            ["lanes.succeeded"] = Counted,
            ["lanes.failed"] = Counted,
            ["lanes.cancelled"] = Counted,
            ["test_clock"] = "a table of these tests",
        },
        unfilled: new()
        {
            ["jobs.worker"] = Running,
            ["jobs.started_at"] = Running,
            ["jobs.cancel_reason"] = Running,
        });

    /// <summary>The numbers that PostgreSQL gives, and what becomes of them.</summary>
    private static readonly Dictionary<string, string?> Sequences = new()
    {
        ["job_ids"] = null,
        ["batch_ids"] = null,
        ["leases"] = null,
        ["workers_id_seq"] = null,
        ["lanes_id_seq"] = Anew,
        ["log_batches"] = ByEntry,
        ["gating"] = "set by whatever is written that it speaks of",
        ["service"] = "says whether the store is retired, which the copy is not",
    };

    [Fact]
    public async Task Every_table_and_column_of_SQLite_is_copied()
    {
        await using var from = new SqliteFixture();
        await using var to = new SqliteFixture();
        await ShouldBeCopiedAsync(from, to);
    }

    [Theory]
    [InlineData("ALTER TABLE jobs ADD COLUMN colour TEXT", null, "nothing stands in jobs.colour")]
    [InlineData("ALTER TABLE jobs ADD COLUMN colour TEXT", "UPDATE jobs SET colour = 'red' WHERE id = 3", "jobs.colour is not copied")]
    [InlineData("CREATE TABLE colours (name TEXT)", "INSERT INTO colours VALUES ('nightly')", "colours.name is not copied")]
    [InlineData("CREATE TABLE colours (name TEXT)", null, "nothing stands in colours.name")]
    public async Task What_is_forgotten_shows(string change, string? filling, string complaint)
    {
        await using var from = new SqliteFixture();
        await using var to = new SqliteFixture();
        foreach (var fixture in new[] { from, to })
            Execute(fixture, change);
        var error = await Record.ExceptionAsync(() => ShouldBeCopiedAsync(from, to, () => Execute(from, filling ?? "SELECT 1")));
        error.ShouldBeOfType<ShouldAssertException>().Message.ShouldContain(complaint);
    }

    [Fact]
    public async Task Every_table_and_column_of_PostgreSQL_is_copied()
    {
        await using var from = new PostgreSqlFixture();
        await using var to = new PostgreSqlFixture();
        await ShouldBeCopiedAsync(from, to);
    }

    [Theory]
    [InlineData("ALTER TABLE {0}.history ADD COLUMN colour text", "ALTER TABLE {0}.history DROP COLUMN colour", null, "nothing stands in history.colour")]
    [InlineData("ALTER TABLE {0}.jobs ADD COLUMN colour text", "ALTER TABLE {0}.jobs DROP COLUMN colour", "UPDATE {0}.jobs SET colour = 'red'", "jobs.colour is not copied")]
    [InlineData("CREATE TABLE {0}.colours (name text)", "DROP TABLE {0}.colours", "INSERT INTO {0}.colours VALUES ('nightly')", "colours.name is not copied")]
    [InlineData("CREATE TABLE {0}.colours (name text)", "DROP TABLE {0}.colours", null, "nothing stands in colours.name")]
    [InlineData("CREATE SEQUENCE {0}.colours", "DROP SEQUENCE {0}.colours", null, "a new sequence")]
    public async Task What_is_forgotten_shows_on_PostgreSQL(string change, string back, string? filling, string complaint)
    {
        await using var from = new PostgreSqlFixture();
        await using var to = new PostgreSqlFixture();
        foreach (var fixture in new[] { from, to })
            Execute(fixture, change);
        try
        {
            var error = await Record.ExceptionAsync(() => ShouldBeCopiedAsync(from, to, () => Execute(from, filling ?? "SELECT 1")));
            error.ShouldBeOfType<ShouldAssertException>().Message.ShouldContain(complaint);
        }
        finally
        {
            foreach (var fixture in new[] { from, to })
                Execute(fixture, back);
        }
    }

    private static async Task ShouldBeCopiedAsync(PostgreSqlFixture from, PostgreSqlFixture to, Action? fill = null)
    {
        await Copies.FillAsync(from);
        fill?.Invoke();
        await Copies.MakeAsync(from, to);

        var columns = Rows("""
            SELECT table_name, column_name, regexp_replace(column_default, '::.*$', '') FROM information_schema.columns
            WHERE table_schema = $1 AND table_name IN (SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1))
            ORDER BY table_name, ordinal_position
            """, from.Schema);
        OnPostgreSql.ShouldBeCopied([.. columns.Select(row => new Column(row[0]!, row[1]!, row[2]?.Trim('\'')))], Reading(from), Reading(to));

        Rows("SELECT sequencename FROM pg_catalog.pg_sequences WHERE schemaname = $1", from.Schema).Select(row => row[0]).ShouldBe(Sequences.Keys, ignoreOrder: true, "a new sequence: have the counters take it along, or say here why not");
        foreach (var sequence in Sequences.Where(sequence => sequence.Value is null).Select(sequence => sequence.Key))
        {
            var last = Rows($"SELECT last_value, is_called FROM {from.Schema}.{sequence}")[0];
            last[1].ShouldBe("true", $"{sequence} has given no number");
            Rows($"SELECT last_value, is_called FROM {to.Schema}.{sequence}")[0].ShouldBe(last, sequence);
        }
    }

    private static async Task ShouldBeCopiedAsync(SqliteFixture from, SqliteFixture to, Action? fill = null)
    {
        await Copies.FillAsync(from);
        fill?.Invoke();
        await Copies.MakeAsync(from, to);
        using var database = Open(from);
        using var tables = database.Prepare("SELECT t.name, c.name, c.dflt_value FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'");
        OnSqlite.ShouldBeCopied(tables.All(row => new Column(row.Text(0), row.Text(1), row.TextOrNull(2))), Reading(from), Reading(to));
    }

    private static Func<string, IReadOnlyList<string>, List<string?[]>> Reading(SqliteFixture fixture) => (table, columns) =>
    {
        using var database = Open(fixture);
        using var rows = database.Prepare($"SELECT {string.Join(", ", columns)} FROM {table}{ButRetirement(table)} ORDER BY {Order(columns)}");
        return rows.All(row => columns.Select((_, index) => row.TextOrNull(index)).ToArray());
    };

    private static Func<string, IReadOnlyList<string>, List<string?[]>> Reading(PostgreSqlFixture fixture) => (table, columns) =>
        Rows($"SELECT {string.Join(", ", columns)} FROM {fixture.Schema}.{table}{ButRetirement(table)} ORDER BY {Order(columns)}");

    /// <summary>Only the old store is retired.</summary>
    private static string ButRetirement(string table) => table == "meta" ? " WHERE name <> 'retired'" : "";

    private static string Order(IReadOnlyList<string> columns) => string.Join(", ", Enumerable.Range(1, columns.Count));

    private static void Execute(SqliteFixture fixture, string sql)
    {
        using var database = Open(fixture);
        database.Execute(sql);
    }

    /// <param name="fixture">Where.</param>
    /// <param name="sql">What, with {0} for the schema.</param>
    private static void Execute(PostgreSqlFixture fixture, string sql) => PostgreSqlServer.Execute(sql.Replace("{0}", fixture.Schema, StringComparison.Ordinal));

    private static Database Open(SqliteFixture fixture) => new(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(30));

    private static List<string?[]> Rows(string sql, params string[] values)
    {
        using var command = PostgreSqlServer.Source.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        using var reader = command.ExecuteReader();
        var rows = new List<string?[]>();
        while (reader.Read())
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(index => reader.IsDBNull(index) ? null : Convert.ToString(reader.GetValue(index), System.Globalization.CultureInfo.InvariantCulture)!.ToLowerInvariant())]);
        return rows;
    }
}
