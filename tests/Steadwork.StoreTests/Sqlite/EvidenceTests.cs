using System.Globalization;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>What recovery believes, and what it does not.</summary>
public sealed class EvidenceTests : IAsyncDisposable
{
    private readonly SqliteFixture fixture = new();

    private IStore Store => fixture.Store;

    [Fact]
    public async Task Marks_that_were_made_before_the_machine_started_are_not_believed()
    {
        var (worker, _) = await ClaimedAsync(2);
        fixture.Kill(worker.Id);
        await using (var marks = File.Open(MarksOf(worker), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            // The second number of the page is that of the boot.
            marks.Position = sizeof(long);
            marks.Write(new byte[sizeof(long)]);
        }

        await fixture.OpenAnother().RecoverAsync();

        (await Store.FindAllAsync()).ShouldAllBe(job => job.Attempt == 1 && job.Failures == 0 && job.Alone);
    }

    [Fact]
    public async Task Marks_that_are_gone_are_unknown()
    {
        var (worker, _) = await ClaimedAsync(2);
        fixture.Kill(worker.Id);
        File.Delete(MarksOf(worker));

        await fixture.OpenAnother().RecoverAsync();

        (await Store.FindAllAsync()).ShouldAllBe(job => job.Attempt == 1 && job.Failures == 0 && job.Alone);
    }

    [Fact]
    public async Task A_lease_of_an_earlier_boot_has_run_out()
    {
        var (worker, _) = await ClaimedAsync(1);
        Execute($"UPDATE workers SET boot_id = 'earlier' WHERE id = {worker.Id}");

        (await fixture.OpenAnother().RecoverAsync()).Single().Worker.ShouldBe(worker.Id);
    }

    [Fact]
    public async Task A_worker_that_renews_while_it_is_being_buried_lives_on()
    {
        var (worker, _) = await ClaimedAsync(1);
        var other = fixture.OpenAnother();
        fixture.Clock.Advance(Some.Lease + TimeSpan.FromSeconds(1));
        using var renewing = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));
        renewing.TryBegin().ShouldBeTrue();

        // It finds the lease run out at once, and then waits for the lock under which the lease is renewed.
        var recovery = other.RecoverAsync();
        renewing.Execute(string.Create(CultureInfo.InvariantCulture, $"UPDATE workers SET lease_until = lease_until + 10000 WHERE id = {worker.Id}"));
        renewing.Execute("COMMIT");

        (await recovery).ShouldBeEmpty();
        worker.Renew().Alive.ShouldBeTrue();
        fixture.Kill(worker.Id);
        (await other.RecoverAsync()).Single().Reason.ShouldContain("process", customMessage: "its lock must still be there");
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    private async Task<(TestWorker Worker, IReadOnlyList<ClaimedJob> Jobs)> ClaimedAsync(int count)
    {
        await Store.AddAsync(Some.Jobs(count));
        var worker = await Store.StartAsync();
        return (worker, await worker.ClaimAsync());
    }

    private string MarksOf(TestWorker worker) => Path.Combine(fixture.Path + "-workers", $"{worker.Id}.marks");

    private void Execute(string sql)
    {
        using var database = new Database(fixture.Path, Synchronous.Normal, TimeSpan.FromSeconds(10));
        database.Execute(sql);
    }
}
