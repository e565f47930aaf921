using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>No more jobs begin within a time than a limit says, on all workers together; what is held back holds nobody else.</summary>
public abstract class RateLimitContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(LimitScope.Queue, "a")]
    [InlineData(LimitScope.Type, "x")]
    public async Task So_many_begin_on_all_workers_together_and_all_else_goes_on(LimitScope scope, string name)
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 5)]);
        var free = await Store.AddAsync(In("b", "y"), In("b", "y"));
        var (one, two) = (await StartAsync(Store), await StartAsync(Other));
        (await Store.SetLimitAsync(new RateLimit(scope, name, 3, Minute), "somebody", CancellationToken.None)).ShouldBeTrue();

        (await one.ClaimAsync(2)).Count.ShouldBe(2);
        var rest = await two.ClaimAsync();
        rest.Count(job => job.Queue == "a").ShouldBe(1);
        rest.Where(job => job.Queue == "b").Select(job => job.Id).ShouldBe(free);
        (await one.ClaimAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_first_limit_of_a_store_holds_from_the_next_claim_on_whoever_has_set_it()
    {
        var worker = await StartAsync(Store);
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 5)]);
        (await worker.ClaimAsync(1)).Count.ShouldBe(1);

        await Other.SetLimitAsync(new RateLimit(LimitScope.Queue, "a", 3, Minute), "somebody", CancellationToken.None);

        (await worker.ClaimAsync()).Count.ShouldBe(3);
    }

    [Fact]
    public async Task What_has_begun_counts_for_the_whole_period_whenever_it_began()
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 9)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));

        (await worker.ClaimAsync(1)).Count.ShouldBe(1);
        Advance(59);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
        // A window that began on the minute would let two more through here, three within two seconds.
        Advance(1);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
        Advance(58.999);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        Advance(0.001);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_goes_back_without_having_begun_counts_no_more()
    {
        var ids = await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 4)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 3, Minute));
        await LimitAsync(new RateLimit(LimitScope.Type, "x", 2, TimeSpan.FromDays(1)));
        var claimed = await worker.ClaimAsync();
        Advance(1);

        await worker.SettleAsync(claimed[0], new Transition.Release(Started: false));
        (await Store.LimitsAsync(CancellationToken.None)).Select(limit => limit.Left).ShouldBe([2, 1]);
        (await (await StartAsync(Other)).ClaimAsync()).Single().Id.ShouldBe(ids[0]);
        await worker.SettleAsync(claimed[1], new Transition.Release(Started: true));
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.LimitsAsync(CancellationToken.None)).Select(limit => limit.Left).ShouldBe([1, 0]);
    }

    [Fact]
    public async Task The_worker_is_told_when_more_may_begin()
    {
        await Store.AddAsync(In("a", "x"), In("a", "x"));
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 1, Minute));

        var exchange = await worker.ExchangeAsync([], max: 10);
        exchange.Claimed.Count.ShouldBe(1);
        exchange.NextDue.ShouldBe(In(60));
        Advance(60);
        (await worker.ExchangeAsync([], max: 10)).Claimed.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_smooth_limit_spreads_the_starts_over_the_period()
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 9)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 6, Minute) { Smooth = true });

        (await worker.ClaimAsync()).Count.ShouldBe(1);
        Advance(9.999);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        Advance(0.001);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_limit_of_a_queue_is_shared_by_its_types_in_claim_order()
    {
        await Store.AddAsync(In("a", "x") with { Priority = 20 }, In("a", "x") with { Priority = 1 }, In("a", "y") with { Priority = 10 });
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));

        (await worker.ClaimAsync()).Select(job => job.Type).ShouldBe(["x", "y"]);
    }

    [Theory]
    [InlineData(ClaimOrder.Fifo)]
    [InlineData(ClaimOrder.Lifo)]
    [InlineData(ClaimOrder.WeightedRandom)]
    public async Task It_holds_for_every_claim_order(ClaimOrder order)
    {
        await Store.AddAsync([.. Enumerable.Range(1, 6).Select(priority => In("a", "x") with { Priority = priority })]);
        await Store.AddAsync(In("b", "x"));
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));

        var claimed = await worker.ClaimAsync(rule: new ClaimRule { Order = order });
        claimed.Count(job => job.Queue == "a").ShouldBe(2);
        claimed.Count(job => job.Queue == "b").ShouldBe(1);
        (await worker.ClaimAsync(rule: new ClaimRule { Order = order })).ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_two_limits_hold_the_narrower_decides_and_both_count()
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 5)]);
        await Store.AddAsync([.. Enumerable.Repeat(In("b", "x"), 5)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 1, Minute));
        await LimitAsync(new RateLimit(LimitScope.Type, "x", 3, Minute));

        (await worker.ClaimAsync()).Select(job => job.Queue).ShouldBe(["a", "b", "b"], ignoreOrder: true);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.LimitsAsync(CancellationToken.None)).Select(view => view.Left).ShouldBe([0, 0]);
    }

    [Fact]
    public async Task A_job_of_which_one_gate_is_shut_takes_no_turn_at_the_others()
    {
        await Store.AddAsync(In("a", "x"), In("a", "x"), In("a", "y"));
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Type, "x", 1, Minute));
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));

        (await worker.ClaimAsync(1)).Single().Type.ShouldBe("x");
        (await worker.ClaimAsync()).Single().Type.ShouldBe("y");
    }

    [Fact]
    public async Task A_change_counts_what_has_begun_before_and_is_told_to_the_log()
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 9)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));
        (await worker.ClaimAsync()).Count.ShouldBe(2);

        (await Other.SetLimitAsync(new RateLimit(LimitScope.Queue, "a", 5, Minute), "another", CancellationToken.None)).ShouldBeTrue();
        (await Other.SetLimitAsync(new RateLimit(LimitScope.Queue, "a", 5, Minute), "another", CancellationToken.None)).ShouldBeFalse();
        (await worker.ClaimAsync()).Count.ShouldBe(3);
        (await Other.RemoveLimitAsync(LimitScope.Queue, "a", "a third", CancellationToken.None)).ShouldBeTrue();
        (await Other.RemoveLimitAsync(LimitScope.Queue, "a", "a third", CancellationToken.None)).ShouldBeFalse();
        (await worker.ClaimAsync()).Count.ShouldBe(4);
        (await Store.LogAsync()).Where(entry => entry.Kind.StartsWith("limit", StringComparison.Ordinal)).Select(entry => $"{entry.Kind} {Some.Text(entry.Data)}").ShouldBe(
            ["""limit-set {"queue":"a","by":"somebody","starts":2,"period":60000,"smooth":false}""", """limit-set {"queue":"a","by":"another","starts":5,"period":60000,"smooth":false}""", """limit-removed {"queue":"a","by":"a third"}"""]);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_shuts_nobody_out_until_it_has_caught_up()
    {
        await Store.AddAsync([.. Enumerable.Repeat(In("a", "x"), 5)]);
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 2, Minute));
        (await worker.ClaimAsync()).Count.ShouldBe(2);

        // Within what two processes may see differently it still counts.
        Clock.SetUtcNow(In(-0.5));
        (await worker.ClaimAsync()).ShouldBeEmpty();
        Clock.SetUtcNow(In(-7200));
        (await worker.ClaimAsync()).Count.ShouldBe(2);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.LimitsAsync(CancellationToken.None)).Single().ShouldSatisfyAllConditions(limit => limit.Left.ShouldBe(0), limit => limit.MoreAt.ShouldBe(In(60)));
        Advance(60);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_retry_counts_for_the_limit_of_its_key_whenever_it_runs()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 5, Minute));
        await Store.AddAsync(Keyed("k"));
        var worker = await StartAsync(Store);
        async Task<int?> LeftAsync() => (await Store.LimitOfKeyAsync("k", CancellationToken.None))!.Left;
        (await LeftAsync()).ShouldBe(4);

        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        (await LeftAsync()).ShouldBe(3);
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Release(Started: false));
        (await LeftAsync()).ShouldBe(3, "it has not begun");
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(1), Some.Error));
        (await LeftAsync()).ShouldBe(3);
        Advance(1);
        await worker.ClaimOneAsync();
        (await LeftAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task Nor_do_those_wait_that_a_key_held_back_by_a_clock_that_was_ahead()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 1, Minute));
        await Store.AddAsync(Keyed("k"), Keyed("k"));
        var worker = await StartAsync(Store);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        Clock.SetUtcNow(In(-7200));

        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_brings_a_job_with_such_a_key_has_it_looked_at_even_if_the_job_comes_to_nothing_or_is_for_later(bool comesToNothing)
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 1, Minute));
        var first = Keyed("k") with { UniqueKey = "u" };
        await Store.AddAsync(first with { ExclusiveLimit = 2 }, Keyed("k") with { ExclusiveLimit = 2 });
        (await StatesAsync()).ShouldBe((1, 1));
        Advance(60);

        await Store.AddAsync(comesToNothing ? first : Keyed("k") with { Delay = TimeSpan.FromHours(1) });

        (await StatesAsync()).ShouldBe((comesToNothing ? 2 : 3, 0));

        async Task<(long Pending, long Waiting)> StatesAsync()
        {
            var counts = (await Store.StatisticsAsync(CancellationToken.None)).Lanes.Select(lane => lane.Counts).ToList();
            return (counts.Sum(each => each.Pending), counts.Sum(each => each.Waiting));
        }
    }

    /// <summary>A thousand a day becomes one a minute: nobody waits for the rest of the day.</summary>
    [Fact]
    public async Task Under_a_shorter_period_nothing_counts_for_longer_than_that()
    {
        await Store.AddAsync(In("a", "x"), In("a", "x"), Keyed("k"), Keyed("k"));
        var worker = await StartAsync(Store);
        await LimitAsync(new RateLimit(LimitScope.Type, "x", 2, TimeSpan.FromDays(1)));
        (await worker.ClaimAsync()).Count.ShouldBe(2);

        await LimitAsync(new RateLimit(LimitScope.Type, "x", 1, Minute));

        (await worker.ClaimAsync()).Count.ShouldBe(1);
        (await worker.ExchangeAsync([], max: 10)).NextDue.ShouldBe(In(60));
        Advance(60);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task They_are_shown_with_what_is_left()
    {
        await Store.AddAsync(In("a", "x"));
        var limit = new RateLimit(LimitScope.Queue, "a", 2, Minute);
        await LimitAsync(limit);
        await LimitAsync(new RateLimit(LimitScope.Key, "k*", 2, Minute) { Smooth = true });
        var since = Times.Whole(Now);
        Advance(1);
        await (await StartAsync(Store)).ClaimOneAsync();

        (await Other.LimitsAsync(CancellationToken.None)).ShouldBe(
        [
            new LimitView(new RateLimit(LimitScope.Key, "k*", 2, Minute) { Smooth = true }, since, "somebody", null, null),
            new LimitView(limit, since, "somebody", 1, In(60)),
        ]);
    }

    [Fact]
    public async Task The_limit_of_a_key_holds_the_jobs_behind_it_and_nobody_else()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 2, Minute));
        var jobs = await Store.AddAsync([.. Enumerable.Repeat(Keyed("k"), 4)]);
        var other = await Store.AddOneAsync(Keyed("other"));
        var worker = await StartAsync(Store);

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[0], jobs[1], other]);
        (await Store.JobAsync(jobs[2])).State.ShouldBe(JobState.Waiting);
        var exchange = await worker.ExchangeAsync([], max: 10);
        (exchange.Claimed.Count, exchange.NextDue).ShouldBe((0, In(60)));
        Advance(60);
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[2], jobs[3]]);
    }

    [Fact]
    public async Task A_limit_for_many_keys_is_one_for_each_and_the_longest_that_fits_counts()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "customer:*", 1, Minute));
        await LimitAsync(new RateLimit(LimitScope.Key, "customer:big*", 2, Minute));
        await LimitAsync(new RateLimit(LimitScope.Key, "customer:bigger", 3, Minute));
        foreach (var key in new[] { "customer:1", "customer:2", "customer:big", "customer:bigger" })
            await Store.AddAsync([.. Enumerable.Repeat(Keyed(key), 4)]);

        var claimed = await (await StartAsync(Store)).ClaimAsync(20);
        var begun = new List<string>();
        foreach (var job in claimed)
            begun.Add((await Store.JobAsync(job.Id)).ExclusiveKey!);
        begun.CountBy(key => key).ToDictionary().ShouldBe(new Dictionary<string, int> { ["customer:1"] = 1, ["customer:2"] = 1, ["customer:big"] = 2, ["customer:bigger"] = 3 }, ignoreOrder: true);
        (await Store.LimitOfKeyAsync("customer:big", CancellationToken.None))!.Left.ShouldBe(0);
        (await Store.LimitOfKeyAsync("stranger", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task A_retry_is_not_held_back_by_the_limit_of_its_key_but_counts()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 2, Minute));
        var jobs = await Store.AddAsync(Keyed("k") with { ExclusiveLimit = 1 }, Keyed("k") with { ExclusiveLimit = 1 });
        var worker = await StartAsync(Store);
        var first = await worker.ClaimOneAsync();
        await worker.SettleAsync(first, new Transition.Retry(In(10), Some.Error));
        Advance(10);

        var again = await worker.ClaimOneAsync();
        again.Id.ShouldBe(jobs[0]);
        (await worker.ExchangeAsync([new AttemptEnd(again.Id, again.Lease, Some.Success, null)], max: 10)).Claimed.ShouldBeEmpty();
        Advance(50);
        (await worker.ClaimAsync()).Single().Id.ShouldBe(jobs[1]);
    }

    [Fact]
    public async Task Keys_go_on_at_once_when_their_limit_is_taken_away()
    {
        await LimitAsync(new RateLimit(LimitScope.Key, "k", 1, TimeSpan.FromDays(1)));
        await Store.AddAsync([.. Enumerable.Repeat(Keyed("k"), 3)]);
        var worker = await StartAsync(Store);
        (await worker.ClaimAsync()).Count.ShouldBe(1);

        await Store.RemoveLimitAsync(LimitScope.Key, "k", "somebody", CancellationToken.None);
        (await worker.ClaimAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Why_tells_of_the_limit_and_of_when_the_next_may_begin()
    {
        var jobs = await Store.AddAsync(In("a", "x"), In("a", "x"), Keyed("k"), Keyed("k"));
        await LimitAsync(new RateLimit(LimitScope.Queue, "a", 1, Minute));
        await (await StartAsync(Store)).ClaimAsync(1);

        var reasons = await WaitReason.OfAsync(Store, (await Store.StandingAsync(jobs[1], CancellationToken.None))!, CancellationToken.None);
        reasons.Single().ShouldBe(new WaitReason("rate_limit", $"The queue 'a' is limited to 1 start in 1 minute: the next may begin at {In(60).UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."));
    }

    private static NewJob In(string queue, string type) => Some.Job with { Queue = queue, Type = type };

    private static NewJob Keyed(string key) => In("a", "x") with { ExclusiveKey = key, ExclusiveLimit = 100 };

    private static Task<TestWorker> StartAsync(IStore store) => store.StartAsync(["a", "b"], ["x", "y"], capacity: 100);

    private async Task LimitAsync(RateLimit limit) => (await Store.SetLimitAsync(limit, "somebody", CancellationToken.None)).ShouldBeTrue();
}
