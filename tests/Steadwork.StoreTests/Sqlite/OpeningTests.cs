using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>What may be opened, what is refused and with which words, and what the file looks like.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string StorePath => folder.File("store.db");

    [Fact]
    public async Task The_files_of_a_store_may_be_read_by_their_owner_alone()
    {
        if (OperatingSystem.IsWindows())
            return;
        await using var store = SqliteStore.Open(StorePath);
        await store.AddAsync(Some.Job);

        foreach (var file in Directory.GetFiles(folder.Path))
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
        Directory.GetFiles(folder.Path).Length.ShouldBeGreaterThan(1);
        File.GetUnixFileMode(StorePath + "-workers").ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task What_was_stored_is_there_when_the_file_is_opened_again()
    {
        JobId id;
        await using (var store = SqliteStore.Open(StorePath))
            id = await store.AddOneAsync(Some.Job with { UniqueKey = "k" });

        await using var again = SqliteStore.Open(StorePath);
        (await again.JobAsync(id)).UniqueKey.ShouldBe("k");
        (await again.AddOneAsync(Some.Job)).Value.ShouldBeGreaterThan(id.Value);
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused()
    {
        await SqliteStore.Open(StorePath).DisposeAsync();
        Execute("PRAGMA user_version = 9999");

        var refusal = Should.Throw<StoreUnavailableException>(() => SqliteStore.Open(StorePath));

        refusal.Message.ShouldContain("9999");
        refusal.Message.ShouldContain("newer Steadwork");
        refusal.Message.ShouldContain(StorePath);
    }

    [Fact]
    public void A_database_of_somebody_else_is_refused_and_left_as_it_was()
    {
        File.Create(StorePath).Dispose();
        Execute("CREATE TABLE customers (name TEXT)");
        var before = File.ReadAllBytes(StorePath);

        Should.Throw<StoreUnavailableException>(() => SqliteStore.Open(StorePath)).Message.ShouldContain("not a Steadwork store");

        File.ReadAllBytes(StorePath).ShouldBe(before);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_as_it_was()
    {
        var text = string.Concat(Enumerable.Repeat("This is a letter, not a database.\n", 100));
        File.WriteAllText(StorePath, text);

        Should.Throw<StoreUnavailableException>(() => SqliteStore.Open(StorePath)).Message.ShouldContain("not a Steadwork store");

        File.ReadAllText(StorePath).ShouldBe(text);
    }

    [Fact]
    public void A_missing_store_is_refused_where_none_may_be_made()
    {
        Should.Throw<StoreUnavailableException>(() => SqliteStore.Open(StorePath, new SqliteStoreOptions { Create = false }))
            .Message.ShouldContain("no store");

        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public void A_folder_is_refused()
    {
        Directory.CreateDirectory(StorePath);

        Should.Throw<StoreUnavailableException>(() => SqliteStore.Open(StorePath)).Message.ShouldContain("is a folder");

        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBe([StorePath]);
    }

    [Fact]
    public async Task Sixteen_may_open_a_new_store_at_one_moment()
    {
        using var start = new Barrier(16);
        var stores = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => OnThreadOfItsOwn(() =>
        {
            start.SignalAndWait();
            return SqliteStore.Open(StorePath);
        })));

        await Task.WhenAll(stores.Select(store => store.AddAsync(Some.Jobs(5))));
        (await stores[0].FindAllAsync()).Count.ShouldBe(80);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task Closing_twice_does_nothing_and_a_closed_store_says_so()
    {
        var store = SqliteStore.Open(StorePath);
        await store.DisposeAsync();
        await store.DisposeAsync();

        await Should.ThrowAsync<ObjectDisposedException>(async () => await store.AddAsync(Some.Job));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await store.FindAllAsync());
        Should.Throw<ObjectDisposedException>(() => store.Renew(new WorkerId(1)));
    }

    public void Dispose() => folder.Dispose();

    private void Execute(string sql)
    {
        using var database = new Database(StorePath, Synchronous.Full, TimeSpan.FromSeconds(10));
        database.Execute(sql);
    }

    private static Task<T> OnThreadOfItsOwn<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
