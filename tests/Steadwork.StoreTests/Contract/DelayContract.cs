using Shouldly;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Delayed jobs join their line when they fall due, and not before.</summary>
public abstract class DelayContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_delayed_job_is_claimed_at_its_time_and_not_before()
    {
        var id = await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromSeconds(10) });
        var worker = await Store.StartAsync();

        Clock.Advance(TimeSpan.FromMilliseconds(9_999));
        (await worker.ClaimAsync()).ShouldBeEmpty();

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await worker.ClaimOneAsync()).Id.ShouldBe(id);
    }

    [Fact]
    public async Task A_time_in_the_past_is_due_at_once()
    {
        await Store.AddAsync(Some.Job with { RunAt = In(-3600) });

        (await (await Store.StartAsync()).ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_delayed_job_that_fell_due_takes_its_place_by_priority_and_age()
    {
        var ids = await Store.AddAsync(
            Some.Job with { Delay = TimeSpan.FromSeconds(10) },
            Some.Job,
            Some.Job with { Delay = TimeSpan.FromSeconds(5), Priority = 1 });
        var worker = await Store.StartAsync();
        Advance(10);

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([ids[2], ids[0], ids[1]]);
    }

    [Fact]
    public async Task A_retry_waits_for_its_time()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(2), Some.Error));

        Advance(1.999);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        Advance(0.001);
        (await worker.ClaimOneAsync()).Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task The_next_due_time_is_that_of_the_first_delayed_job()
    {
        var worker = await Store.StartAsync();
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBeNull();

        await Store.AddAsync(Some.Job with { Delay = TimeSpan.FromSeconds(60) }, Some.Job with { Delay = TimeSpan.FromSeconds(20) }, Some.Job);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBe(In(20));

        Advance(20);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBe(In(40));
        Advance(40);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBeNull();
    }

    [Fact]
    public async Task A_wake_up_that_leads_to_nothing_leads_to_the_next_due_time()
    {
        var worker = await Store.StartAsync();
        await worker.ExchangeAsync([], max: 5);
        await Store.AddAsync(Some.Job with { Delay = TimeSpan.FromSeconds(20) });

        var rung = await worker.ClaimRungAsync();

        rung.Claimed.ShouldBeEmpty();
        rung.NextDue.ShouldBe(In(20));
    }

    [Fact]
    public async Task A_claim_after_a_wake_up_says_what_comes_next_or_that_it_is_to_be_asked_once_more()
    {
        var worker = await Store.StartAsync();
        var gone = await Store.StartAsync();
        await gone.EndAsync();
        await worker.ExchangeAsync([], max: 5);
        await gone.ExchangeAsync([], max: 5);
        var ids = await Store.AddAsync(Some.Job, Some.Job with { Delay = TimeSpan.FromSeconds(20) }, Some.Job);

        var rung = await worker.ClaimRungAsync();
        rung.Claimed.Select(job => job.Id).ShouldBe([ids[0], ids[2]]);
        rung.Alive.ShouldBeTrue();
        (rung.MayHaveMissed || rung.NextDue == In(20)).ShouldBeTrue();

        // However many wake-ups there are, they do not keep it from being seen for long.
        Advance(20);
        var later = await Store.AddAsync(Some.Job, Some.Job);
        var (first, then) = (await worker.ClaimRungAsync(max: 1), await worker.ClaimRungAsync(max: 2));
        first.Claimed.Concat(then.Claimed).Select(job => job.Id).ShouldBe([ids[1], .. later], ignoreOrder: true);
    }

    [Fact]
    public async Task A_job_that_has_fallen_due_is_claimed_by_a_wake_up_for_another()
    {
        await Store.AddAsync(Some.Job with { Delay = TimeSpan.FromSeconds(20) });
        var worker = await Store.StartAsync();
        await worker.ExchangeAsync([], max: 5);
        Advance(20);
        await Store.AddAsync(Some.Job);

        (await worker.ClaimRungAsync()).Claimed.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_cancelled_or_deleted_delayed_job_is_not_due()
    {
        var ids = await Store.AddAsync(Some.Job with { Delay = TimeSpan.FromSeconds(5) }, Some.Job with { Delay = TimeSpan.FromSeconds(6) });
        await Store.RequestAsync(JobRequest.Cancel, ids[0]);
        await Store.RequestAsync(JobRequest.Delete, ids[1]);
        var worker = await Store.StartAsync();

        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBeNull();
        Advance(10);
        (await worker.ClaimAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_flood_that_falls_due_at_one_instant_is_claimed_to_the_last()
    {
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Delay = TimeSpan.FromSeconds(1) }, 2_500)]);
        var worker = await Store.StartAsync();
        Advance(1);

        var claimed = new List<long>();
        while (await worker.ClaimAsync(max: 500) is { Count: > 0 } some)
            claimed.AddRange(some.Select(job => job.Id.Value));

        claimed.Count.ShouldBe(2_500);
        claimed.ShouldBeUnique();
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_forward_lets_delayed_jobs_fall_due()
    {
        await Store.AddAsync(Some.Job with { RunAt = In(3600) });
        var worker = await Store.StartAsync();

        Clock.SetUtcNow(In(2 * 3600));

        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }
}
