using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Batches that commit by themselves and send something along behind it.</summary>
public sealed class BatchTests : IAsyncLifetime
{
    private readonly PostgreSqlFixture fixture = new();
    private readonly Database database;
    private NpgsqlConnection connection = null!;

    public BatchTests() => database = new Database(PostgreSqlServer.Source, owned: false, new PostgreSqlStoreOptions { Schema = fixture.Schema });

    public async ValueTask InitializeAsync() => connection = (NpgsqlConnection)await fixture.ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await database.DisposeAsync();
        // The next test with this schema finds it as it was.
        PostgreSqlServer.Execute($"DROP SEQUENCE IF EXISTS {fixture.Schema}.tries");
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task What_fails_behind_the_commit_takes_nothing_back()
    {
        (await database.RunAsync(connection, Note("kept").Commit().AddText("SELECT 1 / 0"), Read)).ShouldBe("kept");
        (await NotesAsync()).ShouldBe(["kept"]);
    }

    [Fact]
    public async Task What_fails_before_the_commit_takes_all_back_and_leaves_the_connection_free()
    {
        var batch = Note("lost").AddText("SELECT 1 / 0").Commit().AddText("SELECT 2");
        (await Should.ThrowAsync<PostgresException>(() => database.RunAsync(connection, batch, Read))).SqlState.ShouldBe(PostgresErrorCodes.DivisionByZero);
        (await NotesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_commit_that_fails_takes_all_back()
    {
        PostgreSqlServer.Execute($"ALTER TABLE {fixture.Schema}.notes ADD CONSTRAINT once UNIQUE (text) DEFERRABLE INITIALLY DEFERRED");
        await database.RunAsync(connection, Note("there").Commit(), Read);
        (await Should.ThrowAsync<PostgresException>(() => database.RunAsync(connection, Note("there").Commit().AddText("SELECT 2"), Read))).SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
        (await NotesAsync()).ShouldBe(["there"]);
    }

    [Fact]
    public async Task What_the_server_took_back_for_no_fault_of_its_own_is_tried_again()
    {
        PostgreSqlServer.Execute($"CREATE SEQUENCE {fixture.Schema}.tries");
        // A sequence counts on, whatever is taken back.
        var batch = Note("twice").AddText($"""
            DO $$ BEGIN IF nextval('{fixture.Schema}.tries') = 1 THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF; END $$
            """).Commit().AddText("SELECT 2");
        (await database.RunAsync(connection, batch, Read)).ShouldBe("twice");
        (await NotesAsync()).ShouldBe(["twice"]);
    }

    private Batch Note(string text) => database.Batch().Begin().AddText($"INSERT INTO {fixture.Schema}.notes (text) VALUES ('{text}') RETURNING text");

    private static Task<string?> Read(NpgsqlDataReader reader) => reader.FirstAsync(row => row.Text(0));

    private Task<List<string>> NotesAsync() =>
        database.RunAsync(connection, database.Batch().AddText($"SELECT text FROM {fixture.Schema}.notes"), reader => reader.AllAsync(row => row.Text(0)));
}
