using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>The lease is the fence: whoever has lost it changes nothing and is told so.</summary>
public abstract class LeaseContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_stale_token_changes_nothing(string kind)
    {
        var (worker, job) = await ClaimedAsync();
        await worker.SettleAsync(job, new Transition.Release(Started: false));
        var again = await worker.ClaimOneAsync();
        var before = await Picture.OfAsync(Store);

        (await worker.SettleAsync(job, Transitions.ByName[kind](Now))).ShouldBeFalse();

        (await Picture.OfAsync(Store)).ShouldBe(before);
        (await worker.SettleAsync(again, Some.Success)).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_token_that_was_never_given_changes_nothing(string kind)
    {
        var (worker, job) = await ClaimedAsync();
        var before = await Picture.OfAsync(Store);

        (await worker.SettleAsync(job with { Lease = new LeaseToken(job.Lease.Value + 1) }, Transitions.ByName[kind](Now))).ShouldBeFalse();
        (await worker.SettleAsync(job with { Id = new JobId(999) }, Transitions.ByName[kind](Now))).ShouldBeFalse();

        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task A_completion_is_accepted_once()
    {
        var (worker, job) = await ClaimedAsync();
        var end = new AttemptEnd(job.Id, job.Lease, Some.Success, Now);

        (await worker.ExchangeAsync([end, end])).Accepted.ShouldBe([true, false]);
        (await worker.SettleAsync(job, Some.Success)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_lost_lease_does_not_keep_the_other_ends_from_being_applied()
    {
        await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync();
        var jobs = await worker.ClaimAsync();
        await worker.SettleAsync(jobs[1], new Transition.Release(Started: false));

        var exchange = await worker.ExchangeAsync([.. jobs.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, Now))]);

        exchange.Accepted.ShouldBe([true, false, true]);
        (await Store.CountsAsync()).ShouldBe(new StateCounts(1, 0, 0, 2, 0, 0));
    }

    [Fact]
    public async Task Tokens_only_grow_over_all_jobs_workers_and_processes()
    {
        var tokens = new List<long>();
        foreach (var store in new[] { Store, Other, Store, Other })
        {
            await store.AddAsync(Some.Jobs(3));
            var worker = await store.StartAsync();
            var claimed = await worker.ClaimAsync();
            tokens.AddRange(claimed.Select(job => job.Lease.Value));
            await worker.SettleAsync(claimed[0], new Transition.Release(Started: false));
            tokens.AddRange((await worker.ClaimAsync()).Select(job => job.Lease.Value));
        }

        tokens[0].ShouldBeGreaterThan(0);
        tokens.ShouldBe(tokens.Order());
        tokens.ShouldBeUnique();
    }

    [Fact]
    public async Task A_completion_after_recovery_is_refused()
    {
        var (worker, job) = await ClaimedAsync();
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();
        var before = await Picture.OfAsync(Store);

        var exchange = await worker.ExchangeAsync([new AttemptEnd(job.Id, job.Lease, Some.Success, Now)], max: 5);

        exchange.Accepted.ShouldBe([false]);
        exchange.Alive.ShouldBeFalse();
        exchange.Claimed.ShouldBeEmpty();
        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task A_late_completion_does_not_end_the_run_of_the_next_worker()
    {
        var (worker, job) = await ClaimedAsync();
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();
        var next = await Other.StartAsync();
        var again = await next.ClaimOneAsync();

        (await worker.SettleAsync(job, Some.Success)).ShouldBeFalse();

        (await Store.JobAsync(job.Id)).State.ShouldBe(JobState.Running);
        (await next.SettleAsync(again, Some.Success)).ShouldBeTrue();
    }

    [Fact]
    public async Task Renewal_keeps_a_lease_for_as_long_as_it_goes_on()
    {
        var (worker, job) = await ClaimedAsync();
        for (var beat = 0; beat < 10; beat++)
        {
            Advance(20);
            worker.Renew().Alive.ShouldBeTrue();
            (await Other.RecoverAsync()).ShouldBeEmpty();
        }

        (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
    }

    [Fact]
    public async Task Silence_loses_a_lease_when_its_time_is_over_and_not_before()
    {
        var (worker, job) = await ClaimedAsync();

        Advance(Some.Lease.TotalSeconds);
        (await Other.RecoverAsync()).ShouldBeEmpty();
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await Other.RecoverAsync()).Single().Worker.ShouldBe(worker.Id);

        worker.Renew().Alive.ShouldBeFalse();
        (await worker.SettleAsync(job, Some.Success)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_worker_that_renews_late_but_before_anybody_noticed_goes_on()
    {
        var (worker, job) = await ClaimedAsync();
        Advance(3600);

        worker.Renew().Alive.ShouldBeTrue();

        (await Other.RecoverAsync()).ShouldBeEmpty();
        (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(+2)]
    [InlineData(-2)]
    public async Task A_wall_clock_that_is_set_steals_no_lease(int hours)
    {
        var (worker, job) = await ClaimedAsync();

        Clock.SetUtcNow(Now.AddHours(hours));

        (await Other.RecoverAsync()).ShouldBeEmpty();
        worker.Renew().Alive.ShouldBeTrue();
        (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(+2)]
    [InlineData(-2)]
    public async Task A_wall_clock_that_is_set_gives_no_dead_worker_more_time(int hours)
    {
        var (worker, _) = await ClaimedAsync();

        Clock.SetUtcNow(Now.AddHours(hours));
        Advance(Some.Lease.TotalSeconds + 1);

        (await Other.RecoverAsync()).Single().Worker.ShouldBe(worker.Id);
    }

    [Fact]
    public async Task Starting_a_second_worker_leaves_the_first_ones_jobs_alone()
    {
        var (worker, job) = await ClaimedAsync();

        var second = await Other.StartAsync();
        (await Other.RecoverAsync()).ShouldBeEmpty();
        (await second.ClaimAsync()).ShouldBeEmpty();

        second.Id.ShouldNotBe(worker.Id);
        (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
    }

    [Fact]
    public async Task Each_start_of_a_worker_has_an_id_and_an_identity_of_its_own()
    {
        var first = await Store.StartAsync();
        await first.EndAsync();
        var second = await Other.StartAsync();

        second.Id.Value.ShouldBeGreaterThan(first.Id.Value);
        second.Session.Identity.ShouldNotBe(first.Session.Identity);
        first.Session.Identity.ShouldNotBeNullOrWhiteSpace();
    }

    public static TheoryData<string> Kinds => [.. Transitions.ByName.Keys];

    private async Task<(TestWorker Worker, ClaimedJob Job)> ClaimedAsync()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        return (worker, await worker.ClaimOneAsync());
    }
}
