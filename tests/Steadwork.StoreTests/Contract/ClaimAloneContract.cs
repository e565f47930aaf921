using Shouldly;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A job that may have killed its worker is next claimed with no other beside it.</summary>
public abstract class ClaimAloneContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly Transition Suspected = new Transition.Release(Started: true, Alone: true, Some.Crash);

    [Fact]
    public async Task A_suspect_is_claimed_alone_though_there_is_room_for_more()
    {
        var suspect = await SuspectAsync(priority: 1);
        await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync();

        var claimed = (await worker.ClaimAsync(max: 5)).Single();
        (claimed.Id, claimed.Alone, claimed.Attempt).ShouldBe((suspect, true, 2));
    }

    [Fact]
    public async Task A_worker_that_holds_something_does_not_get_it_nor_anything_behind_it()
    {
        var suspect = await SuspectAsync(priority: 100);
        var before = await Store.AddOneAsync(Some.Job with { Priority = 1 });
        await Store.AddAsync(Some.Job with { Priority = 200 });
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync(max: 5)).Select(job => job.Id).ShouldBe([before]);
        (await worker.ClaimAsync(max: 5, holding: 1)).ShouldBeEmpty();
        (await worker.ClaimAsync(max: 5, holding: 0)).Select(job => job.Id).ShouldBe([suspect]);
    }

    [Fact]
    public async Task Two_suspects_are_claimed_one_by_one()
    {
        var first = await SuspectAsync(priority: 1);
        var second = await SuspectAsync(priority: 2);
        var worker = await Store.StartAsync();

        var claimed = (await worker.ClaimAsync(max: 5)).Single();
        claimed.Id.ShouldBe(first);
        await worker.SettleAsync(claimed, Some.Success);
        (await worker.ClaimAsync(max: 5)).Single().Id.ShouldBe(second);
    }

    [Fact]
    public async Task A_suspect_that_goes_back_unstarted_still_is_one()
    {
        var suspect = await SuspectAsync(priority: 1);
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Release(Started: false));

        (await Store.JobAsync(suspect)).Alone.ShouldBeTrue();
    }

    [Fact]
    public async Task A_suspect_whose_attempt_fails_in_good_order_is_none_any_more()
    {
        var suspect = await SuspectAsync(priority: 1);
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));

        (await Store.JobAsync(suspect)).Alone.ShouldBeFalse();
    }

    [Fact]
    public async Task A_suspect_that_succeeds_is_none_any_more()
    {
        var suspect = await SuspectAsync(priority: 1);
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);

        (await Store.JobAsync(suspect)).Alone.ShouldBeFalse();
    }

    [Fact]
    public async Task A_suspect_of_another_queue_stops_nobody()
    {
        var suspect = await SuspectAsync(priority: 1);
        var other = await Store.AddOneAsync(Some.Job with { Queue = "other" });
        var worker = await Store.StartAsync(["other"]);

        (await worker.ClaimAsync(max: 5, holding: 3)).Select(job => job.Id).ShouldBe([other]);
        (await Store.JobAsync(suspect)).State.ShouldBe(JobState.Pending);
    }

    private async Task<JobId> SuspectAsync(int priority)
    {
        var id = await Store.AddOneAsync(Some.Job with { Priority = priority });
        var earlier = await Store.StartAsync();
        (await earlier.SettleAsync(await earlier.ClaimOneAsync(), Suspected)).ShouldBeTrue();
        return id;
    }
}
