using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Workers;

public sealed class HeartbeatTests
{
    [Fact]
    public async Task A_hundred_handlers_that_block_their_threads_do_not_delay_the_heartbeat()
    {
        var folder = Directory.CreateTempSubdirectory("steadwork-heartbeat-");
        using var release = new ManualResetEventSlim();
        using var begun = new CountdownEvent(100);
        await using var store = SqliteStore.Open(Path.Combine(folder.FullName, "store.db"));
        await using var other = SqliteStore.Open(Path.Combine(folder.FullName, "store.db"));
        var catalog = new JobCatalog();
        catalog.Add(new JobType("blocking", null, new JobTypeOptions(), _ =>
        {
            begun.Signal();
            release.Wait();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        var jobs = Enumerable.Range(0, 100).Select(_ => new NewJob { Type = "blocking", Payload = "{}"u8.ToArray() }).ToList();
        await store.EnqueueAsync(jobs, TestContext.Current.CancellationToken);
        await using var worker = new WorkerHost(store, catalog, new WorkerOptions { Concurrency = 100, Lease = TimeSpan.FromSeconds(1), RecoveryInterval = TimeSpan.FromHours(1) });
        await worker.StartAsync(TestContext.Current.CancellationToken);
        begun.Wait(Workbench.Patience).ShouldBeTrue();

        // Three leases long another process finds nobody dead.
        using var pause = new ManualResetEventSlim();
        for (var look = 0; look < 30; look++)
        {
            pause.Wait(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            (await other.RecoverAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        }
        release.Set();
        await worker.StopAsync(TestContext.Current.CancellationToken);
        var counts = (await other.StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.Single().Counts;
        counts.Succeeded.ShouldBe(100);
    }
}
