using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

public sealed class StatementTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Database database;

    public StatementTests()
    {
        var path = folder.File("store.db");
        File.WriteAllBytes(path, []);
        database = new Database(path, Synchronous.Full, TimeSpan.FromSeconds(10));
        database.Execute("CREATE TABLE one AS SELECT 1 AS row");
    }

    public void Dispose()
    {
        database.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(68)]
    public void A_parameter_has_the_value_of_this_use_and_not_of_one_before(int parameter)
    {
        // The fourth is of the same bit as the 68th.
        using var select = database.Prepare($"SELECT ?{parameter}, {(parameter > 5 ? "?1, ?4" : "NULL, NULL")} FROM one");
        string? Ask() => select.First(row => row.TextOrNull(0));

        Ask().ShouldBeNull();
        select.Bind(parameter, (string?)null);
        Ask().ShouldBeNull();
        select.Bind(parameter, "text");
        Ask().ShouldBe("text");
        select.Bind(parameter, (long?)null);
        Ask().ShouldBeNull();
        select.Bind(parameter, 5L);
        Ask().ShouldBe("5");
        // It is prepared anew by this.
        database.Execute("ALTER TABLE one ADD COLUMN more");
        Ask().ShouldBe("5");
        select.BindText(parameter, default);
        Ask().ShouldBeNull();
        select.BindText(parameter, "bytes"u8.ToArray());
        select.Bind(1, parameter == 1 ? "bytes" : null).Bind(4, parameter > 5 ? "four" : null);
        select.First(row => (row.TextOrNull(0), row.TextOrNull(1), row.TextOrNull(2))).ShouldBe(("bytes", null, parameter > 5 ? "four" : null));
    }

    [Fact]
    public void Text_that_is_empty_long_or_of_several_bytes_a_character_is_itself()
    {
        using var select = database.Prepare("SELECT ?1");
        foreach (var text in new[] { "", "é", string.Concat(Enumerable.Repeat("🎈", 5000)), "a\0b" })
            select.Bind(1, text).First(row => row.Text(0)).ShouldBe(text);
    }

    [Fact]
    public void A_value_that_SQLite_refuses_is_an_error_and_not_an_old_value()
    {
        var select = database.Prepare("SELECT ?1 UNION ALL SELECT ?1");
        select.Bind(1, "old").Read().ShouldBeTrue();
        // Busy: it has another row to give.
        Should.Throw<SqliteException>(() => select.Bind(1, (string?)null));
        Should.Throw<SqliteException>(() => select.Bind(1, 5L));
        select.Dispose();
        Should.Throw<SqliteException>(() => select.Bind(1, 5L));
    }
}
