using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>The orders in which a worker can take what may run.</summary>
public abstract class ClaimOrderContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly ClaimRule Fifo = new() { Order = ClaimOrder.Fifo };
    private static readonly ClaimRule Lifo = new() { Order = ClaimOrder.Lifo };
    private static readonly ClaimRule Weighted = new() { Order = ClaimOrder.WeightedRandom };
    private static readonly string[] Both = ["a", "b"];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task First_in_first_out_takes_the_oldest_whatever_its_priority(int max)
    {
        var ids = await AddMixedAsync();
        (await ClaimAllAsync(await Store.StartAsync(Both), Fifo, max)).ShouldBe(ids);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task Last_in_first_out_takes_the_newest_whatever_its_priority(int max)
    {
        var ids = await AddMixedAsync();
        (await ClaimAllAsync(await Store.StartAsync(Both), Lifo, max)).ShouldBe(Enumerable.Reverse(ids));
    }

    [Fact]
    public async Task A_job_that_ages_comes_to_be_better_than_newer_ones()
    {
        var rule = new ClaimRule { Ageing = TimeSpan.FromSeconds(1) };
        var old = await Store.AddOneAsync(Some.Job with { Priority = 5 });
        Fixture.Clock.Advance(TimeSpan.FromMilliseconds(2999));
        var better = await Store.AddOneAsync(Some.Job with { Priority = 3 });
        var same = await Store.AddOneAsync(Some.Job with { Priority = 3 });
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync(1, rule: ClaimRule.Default)).Single().Id.ShouldBe(better);
        (await worker.ClaimAsync(1, rule: rule)).Single().Id.ShouldBe(old, "after two intervals it counts as 3, and is the older");
        (await worker.ClaimAsync(1, rule: rule)).Single().Id.ShouldBe(same);
    }

    [Fact]
    public async Task Nothing_starves_where_jobs_age()
    {
        var rule = new ClaimRule { Ageing = TimeSpan.FromSeconds(1) };
        var last = await Store.AddOneAsync(Some.Job with { Priority = 50 });
        var worker = await Store.StartAsync();
        for (var turn = 0; turn < 48; turn++)
        {
            var better = await Store.AddOneAsync(Some.Job with { Priority = 1 });
            (await worker.ClaimAsync(1, rule: rule)).Single().Id.ShouldBe(better);
            Fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        Fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        await Store.AddOneAsync(Some.Job with { Priority = 1 });

        (await worker.ClaimAsync(1, rule: rule)).Single().Id.ShouldBe(last);
    }

    [Fact]
    public async Task Waiting_counts_from_when_a_job_could_run()
    {
        var rule = new ClaimRule { Ageing = TimeSpan.FromSeconds(1) };
        await Store.AddOneAsync(Some.Job with { Priority = 5, Delay = TimeSpan.FromSeconds(20) });
        Fixture.Clock.Advance(TimeSpan.FromSeconds(20));
        var better = await Store.AddOneAsync(Some.Job with { Priority = 4 });

        (await (await Store.StartAsync()).ClaimAsync(1, rule: rule)).Single().Id.ShouldBe(better);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public async Task Weighted_random_draws_by_one_over_the_priority(int max)
    {
        // 240 draws among 400 jobs: neither priority runs out.
        await Store.AddAsync([.. Enumerable.Range(0, 800).Select(turn => Some.Job with { Priority = turn % 2 == 0 ? 2 : 4 })]);
        var worker = await Store.StartAsync(capacity: 1000);
        var drawn = new List<ClaimedJob>();
        while (drawn.Count < 240)
            drawn.AddRange(await worker.ClaimAsync(max, rule: Weighted));

        var better = (await Store.FindAsync(new JobQuery { Ids = [.. drawn.Select(job => job.Id)], Limit = 1000 })).Count(job => job.Priority == 2);
        // Two of three: 160, with a deviation of 7.3.
        better.ShouldBeInRange(115, 205);
        // Within a priority the oldest goes first.
        drawn.Where(job => job.Id.Value % 2 == 1).Select(job => job.Id.Value).ShouldBeInOrder();
        drawn.Where(job => job.Id.Value % 2 == 0).Select(job => job.Id.Value).ShouldBeInOrder();
    }

    [Fact]
    public async Task Weighted_1_against_100_wins_about_99_of_100_draws()
    {
        const int Draws = 1000;
        var better = (await Store.AddAsync(Some.Job with { Priority = 100 }, Some.Job with { Priority = 1 }))[1];
        var worker = await Store.StartAsync();
        var job = (await worker.ClaimAsync(1, rule: Weighted)).Single();
        var won = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            won += job.Id == better ? 1 : 0;
            job = (await worker.ExchangeAsync([new AttemptEnd(job.Id, job.Lease, new Transition.Release(Started: false), null)], max: 1, rule: Weighted)).Claimed.Single();
        }

        // 100/101 is expected; a draw without weights wins half. The bounds are six standard deviations wide.
        (won / (double)Draws).ShouldBe(100 / 101.0, 6 * Math.Sqrt(100 / 101.0 / 101 / Draws));
    }

    [Fact]
    public async Task Queues_in_order_get_what_those_before_them_have_no_use_for()
    {
        var rule = new ClaimRule { Sharing = QueueSharing.InOrder };
        var second = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "b", Priority = 1 }, 3)]);
        var first = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "a", Priority = 900 }, 3)]);

        (await ClaimAllAsync(await Store.StartAsync(Both), rule, 2)).ShouldBe([.. first, .. second]);
    }

    [Fact]
    public async Task Queues_by_weight_share_a_worker_and_neither_starves()
    {
        var rule = new ClaimRule { Sharing = QueueSharing.ByWeight, Weights = [3, 1] };
        await Store.AddAsync([.. Enumerable.Range(0, 800).Select(turn => Some.Job with { Queue = Both[turn % 2], Priority = turn % 2 == 0 ? 900 : 1 })]);
        var worker = await Store.StartAsync(Both, capacity: 1000);
        var drawn = new List<ClaimedJob>();
        while (drawn.Count < 240)
            drawn.AddRange(await worker.ClaimAsync(5, rule: rule));

        // Three of four: 180, with a deviation of 6.7.
        drawn.Count(job => job.Queue == "a").ShouldBeInRange(140, 220);
    }

    [Fact]
    public async Task A_queue_that_has_nothing_gives_its_share_to_the_others()
    {
        var rule = new ClaimRule { Sharing = QueueSharing.ByWeight, Weights = [1000, 1] };
        var ids = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "b" }, 5)]);

        (await ClaimAllAsync(await Store.StartAsync(Both), rule, 2)).ShouldBe(ids);
    }

    [Fact]
    public async Task A_retried_job_keeps_its_place_and_does_not_go_to_the_head()
    {
        var ids = await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync();
        await worker.SettleAsync((await worker.ClaimAsync(1, rule: Fifo)).Single(), Some.Success);
        var failed = (await worker.ClaimAsync(1, rule: Fifo)).Single();
        await worker.SettleAsync(failed, new Transition.Retry(Now, Some.Error));
        var better = await Store.AddOneAsync(Some.Job with { Priority = 1 });

        (await worker.ClaimAsync(1, rule: ClaimRule.Default)).Single().Id.ShouldBe(better);
        (await ClaimAllAsync(worker, Lifo, 1)).ShouldBe([ids[2], ids[1]]);
    }

    [Fact]
    public async Task A_suspect_stops_a_busy_worker_in_any_order()
    {
        var earlier = await Store.StartAsync();
        var suspect = await Store.AddOneAsync(Some.Job with { Priority = 900 });
        await earlier.SettleAsync(await earlier.ClaimOneAsync(), new Transition.Release(Started: true, Alone: true, Some.Crash));
        await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync(5, holding: 1, Fifo)).ShouldBeEmpty();
        (await worker.ClaimAsync(5, holding: 0, Fifo)).Single().Id.ShouldBe(suspect);
    }

    [Fact]
    public async Task A_paused_queue_is_left_out_of_every_order()
    {
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "a" }, 3)]);
        var ids = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "b" }, 3)]);
        await Store.PauseAsync(PauseScope.Queue, "a", "test", CancellationToken.None);

        (await ClaimAllAsync(await Store.StartAsync(Both), Fifo, 10)).ShouldBe(ids);
    }

    /// <summary>Jobs of all priorities in both queues, oldest first.</summary>
    private Task<JobId[]> AddMixedAsync() =>
        Store.AddAsync([.. Enumerable.Range(0, 12).Select(turn => Some.Job with { Queue = Both[turn % 2], Priority = 1 + turn * 7 % 5 })]);

    private static async Task<List<JobId>> ClaimAllAsync(TestWorker worker, ClaimRule rule, int max)
    {
        var claimed = new List<JobId>();
        while (await worker.ClaimAsync(max, rule: rule) is { Count: > 0 } some)
            claimed.AddRange(some.Select(job => job.Id));
        return claimed;
    }
}
