using Shouldly;
using Steadwork.Sqlite;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>The folder of locks beside the file: all processes of a store must find the same one, and none may stumble over what is left in it.</summary>
public sealed class SharedFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("link.db")]
    [InlineData("linked-folder/store.db")]
    [InlineData("linked-parent/inner/store.db")]
    [InlineData("real/../real/inner/store.db")]
    public async Task Every_name_of_a_file_leads_to_the_same_folder_of_locks(string name)
    {
        var real = Directory.CreateDirectory(folder.File("real/inner")).FullName;
        File.CreateSymbolicLink(folder.File("link.db"), Path.Combine(real, "store.db"));
        Directory.CreateSymbolicLink(folder.File("linked-folder"), real);
        Directory.CreateSymbolicLink(folder.File("linked-parent"), Path.GetDirectoryName(real)!);
        await using var plain = SqliteStore.Open(Path.Combine(real, "store.db"));
        await using var linked = SqliteStore.Open(folder.File(name));
        var worker = await plain.StartAsync();

        linked.Path.ShouldBe(plain.Path);
        (await linked.RecoverAsync()).ShouldBeEmpty();
        plain.Abandon(worker.Id);
        (await linked.RecoverAsync()).Single().Worker.ShouldBe(worker.Id);
    }

    [Fact]
    public async Task A_new_store_does_not_stumble_over_what_a_deleted_one_of_its_name_has_left()
    {
        var path = folder.File("store.db");
        await using (var deleted = SqliteStore.Open(path))
        {
            for (var number = 0; number < 3; number++)
                await deleted.StartAsync();
        }
        foreach (var file in Directory.GetFiles(folder.Path))
            File.Delete(file);

        await using var store = SqliteStore.Open(path);
        await using var other = SqliteStore.Open(path);
        var worker = await store.StartAsync();
        await store.AddAsync(Some.Job);
        var job = await worker.ClaimOneAsync();

        (await other.RecoverAsync()).ShouldBeEmpty();
        (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_worker_can_start_though_a_lock_file_of_its_number_is_there()
    {
        var path = folder.File("store.db");
        await using var store = SqliteStore.Open(path);
        File.WriteAllText(Path.Combine(path + "-workers", "1.lock"), "");

        (await store.StartAsync()).Id.Value.ShouldBe(1);
    }

    [Fact]
    public async Task A_change_is_made_once_though_the_folder_is_gone()
    {
        var path = folder.File("store.db");
        await using var store = SqliteStore.Open(path);
        Directory.Delete(path + "-workers", recursive: true);

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.AddOneAsync(Some.Job)));

        (await store.FindAllAsync()).Select(job => job.Id).ShouldBe(ids, ignoreOrder: true);
    }

    public void Dispose() => folder.Dispose();
}
