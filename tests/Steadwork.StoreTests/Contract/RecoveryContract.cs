using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>The dead are found, once, and nobody else is touched.</summary>
public abstract class RecoveryContract<TFixture> : CrashContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_dead_worker_is_found_once_and_its_jobs_can_be_claimed_at_once()
    {
        var (worker, jobs) = await ClaimedAsync(2);
        Fixture.Kill(worker.Id);

        var found = (await Task.WhenAll(Store.RecoverAsync(), Other.RecoverAsync(), Store.RecoverAsync())).SelectMany(some => some);

        found.Single().Jobs.Select(job => job.Job).ShouldBe(jobs.Select(job => job.Id));
        (await (await Other.StartAsync()).ClaimAsync()).Count.ShouldBe(2);
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.WorkerDied && entry.Worker == worker.Id).ShouldBe(1);
    }

    [Fact]
    public async Task A_recovery_that_is_called_off_leaves_all_the_dead_to_the_next_one()
    {
        TestWorker[] workers = [await Store.StartAsync(), await Store.StartAsync(), await Store.StartAsync()];
        foreach (var worker in workers)
            Fixture.Kill(worker.Id);
        await Should.ThrowAsync<OperationCanceledException>(async () => await Store.RecoverAsync(new CancellationToken(canceled: true)));

        (await Other.RecoverAsync()).Select(found => found.Worker).ShouldBe(workers.Select(worker => worker.Id), ignoreOrder: true);
    }

    [Fact]
    public async Task Only_the_dead_are_recovered()
    {
        var (first, _) = await ClaimedAsync(1);
        var (second, jobs) = await ClaimedAsync(1);

        (await DieAsync(first)).Worker.ShouldBe(first.Id);

        (await second.SettleAsync(jobs[0], Some.Success)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_worker_without_jobs_is_buried_as_well()
    {
        var worker = await Store.StartAsync();

        (await DieAsync(worker)).Jobs.ShouldBeEmpty();

        (await Store.StatisticsAsync()).Workers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_worker_that_ends_in_good_order_is_gone_and_gives_nothing_back()
    {
        var (worker, jobs) = await ClaimedAsync(1);
        await worker.SettleAsync(jobs[0], Some.Success);

        await worker.EndAsync();

        (await Store.StatisticsAsync()).Workers.ShouldBeEmpty();
        (await Store.LogAsync())[^1].Kind.ShouldBe(LogKinds.WorkerStopped);
        (await Other.RecoverAsync()).ShouldBeEmpty();
        (await worker.ExchangeAsync([], max: 1)).Alive.ShouldBeFalse();
    }

    [Fact]
    public async Task What_a_worker_still_holds_at_its_end_is_treated_as_after_its_death()
    {
        var (worker, jobs) = await ClaimedAsync(2);
        worker.Marks.Begun(jobs[0].Lease);

        await worker.EndAsync();

        (await FatesAsync(jobs)).ShouldBe([(1, 1, true), (0, 0, false)]);
        (await worker.SettleAsync(jobs[0], Some.Success)).ShouldBeFalse();
        (await Store.LogAsync())[^1].Kind.ShouldBe(LogKinds.WorkerStopped);
    }

    [Fact]
    public async Task Ending_a_worker_twice_changes_nothing()
    {
        var worker = await Store.StartAsync();
        await worker.EndAsync();
        var before = await Picture.OfAsync(Store);

        await worker.EndAsync();

        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task Marks_may_be_set_after_their_worker_was_declared_dead()
    {
        var (worker, jobs) = await ClaimedAsync(1);
        await DieAsync(worker);

        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Ended(jobs[0].Lease);
        worker.Marks.Settled(jobs[0].Lease);
    }
}
