using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Who gets which job, and in which order.</summary>
public abstract class ClaimContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_claimed_job_runs_under_its_worker()
    {
        var id = await Store.AddOneAsync(Some.Job with { MaxAttempts = 4, Timeout = TimeSpan.FromMinutes(1), TraceParent = "00-a-b-01" });
        var worker = await Store.StartAsync();
        Advance(3);

        var claimed = await worker.ClaimOneAsync();

        (claimed.Id, claimed.Attempt, claimed.Failures, claimed.MaxAttempts).ShouldBe((id, 1, 0, 4));
        (claimed.Type, claimed.Queue, claimed.Alone).ShouldBe((Some.Type, Defaults.Queue, false));
        (claimed.Timeout, claimed.TraceParent).ShouldBe((TimeSpan.FromMinutes(1), "00-a-b-01"));
        var job = await Other.JobAsync(id);
        (job.State, job.Worker, job.StartedAt, job.Attempt).ShouldBe((JobState.Running, worker.Id, Now, 1));
        (await Other.AttemptsAsync(id)).ShouldBe([new Attempt(1, worker.Id, Now, null, AttemptOutcomes.Running, null)]);
    }

    [Fact]
    public async Task Lower_priorities_go_first_and_then_the_older_over_all_lanes()
    {
        var ids = await Store.AddAsync(
            Some.Job with { Queue = "a", Priority = 100 },
            Some.Job with { Queue = "b", Priority = 5 },
            Some.Job with { Queue = "a", Type = "second", Priority = 5 },
            Some.Job with { Queue = "a", Priority = 1000 },
            Some.Job with { Queue = "b", Priority = 1 },
            Some.Job with { Queue = "a", Priority = 5 });
        var worker = await Store.StartAsync(["b", "a"], ["second", Some.Type]);

        var claimed = await worker.ClaimAsync();

        claimed.Select(job => job.Id).ShouldBe([ids[4], ids[1], ids[2], ids[5], ids[0], ids[3]]);
    }

    [Fact]
    public async Task The_order_holds_over_many_small_claims()
    {
        var ids = await Store.AddAsync([.. Enumerable.Range(0, 12).Select(turn => Some.Job with { Queue = turn % 3 == 0 ? "a" : "b", Priority = 1 + turn % 2 })]);
        var worker = await Store.StartAsync(["a", "b"]);

        var claimed = new List<JobId>();
        while (await worker.ClaimAsync(max: 5) is { Count: > 0 } some)
            claimed.AddRange(some.Select(job => job.Id));

        claimed.ShouldBe(ids.Where((_, turn) => turn % 2 == 0).Concat(ids.Where((_, turn) => turn % 2 == 1)));
    }

    [Fact]
    public async Task Only_the_given_queues_and_types_are_claimed()
    {
        await Store.AddAsync(
            Some.Job with { Queue = "other" },
            Some.Job with { Type = "unknown" },
            Some.Job with { Queue = "other", Type = "unknown" });
        var wanted = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([wanted]);
    }

    [Fact]
    public async Task A_job_of_an_unknown_type_waits_for_somebody_who_knows_it()
    {
        var id = await Store.AddOneAsync(Some.Job with { Type = "new", Priority = 1 });
        (await (await Store.StartAsync()).ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(id)).State.ShouldBe(JobState.Pending);

        (await (await Store.StartAsync(types: ["new"])).ClaimOneAsync()).Id.ShouldBe(id);
    }

    [Fact]
    public async Task No_more_than_the_maximum_is_claimed()
    {
        await Store.AddAsync(Some.Jobs(5));
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync(max: 0)).ShouldBeEmpty();
        (await worker.ClaimAsync(max: 3)).Count.ShouldBe(3);
        (await worker.ClaimAsync(max: 3)).Count.ShouldBe(2);
        (await worker.ClaimAsync(max: 3)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_exchange_without_a_claim_claims_nothing()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();

        var exchange = await Store.ExchangeAsync(worker.Id, [], claim: null, CancellationToken.None);

        exchange.Claimed.ShouldBeEmpty();
        exchange.Alive.ShouldBeTrue();
    }

    [Fact]
    public async Task A_claimed_job_is_claimed_by_nobody_else()
    {
        await Store.AddAsync(Some.Jobs(4));
        var first = await (await Store.StartAsync()).ClaimAsync(max: 3);
        var second = await (await Other.StartAsync()).ClaimAsync();

        first.Concat(second).Select(job => job.Id).ShouldBeUnique();
        second.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_that_nobody_knows_gets_nothing()
    {
        await Store.AddAsync(Some.Job);

        var exchange = await Store.ExchangeAsync(new WorkerId(99), [], new ClaimRequest([Defaults.Queue], [Some.Type], 5, 0), CancellationToken.None);

        exchange.Alive.ShouldBeFalse();
        exchange.Claimed.ShouldBeEmpty();
    }

    [Fact]
    public async Task Completing_and_claiming_next_are_one_exchange()
    {
        var ids = await Store.AddAsync(Some.Jobs(2));
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();

        var exchange = await worker.ExchangeAsync([new AttemptEnd(first.Id, first.Lease, Some.Success, Now)], max: 1);

        exchange.Accepted.ShouldBe([true]);
        exchange.Claimed.Single().Id.ShouldBe(ids[1]);
    }

    [Fact]
    public async Task A_job_that_is_given_back_can_be_claimed_in_the_same_exchange()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();

        var exchange = await worker.ExchangeAsync([new AttemptEnd(first.Id, first.Lease, new Transition.Retry(Now, Some.Error), Now)], max: 1);

        var again = exchange.Claimed.Single();
        (again.Id, again.Attempt, again.Failures).ShouldBe((first.Id, 2, 1));
        again.Lease.Value.ShouldBeGreaterThan(first.Lease.Value);
    }

    [Fact]
    public async Task A_worker_that_missed_an_answer_gets_what_it_was_given_by_it()
    {
        await Store.AddAsync(Some.Job, Some.Job with { MaxAttempts = 7, Timeout = TimeSpan.FromMinutes(1), Tags = ["t"] }, Some.Job);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        var missed = await worker.ClaimOneAsync();

        var exchange = await worker.ExchangeAsync([], max: 1, holding: 1, known: [first.Lease]);

        exchange.Claimed.Count.ShouldBe(2, "the missed one, and the one that it asks for now");
        Picture.Line(exchange.Claimed[0]).ShouldBe(Picture.Line(missed));
        (await worker.ExchangeAsync([], known: [.. exchange.Claimed.Select(job => job.Lease), first.Lease])).Claimed.ShouldBeEmpty();
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.Claimed).ShouldBe(3);
    }

    [Fact]
    public async Task What_another_worker_holds_is_no_missed_answer()
    {
        await Store.AddAsync(Some.Job);
        await (await Store.StartAsync()).ClaimOneAsync();

        (await (await Other.StartAsync()).ExchangeAsync([], known: [])).Claimed.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missed_job_stands_in_the_way_of_one_that_must_be_alone()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Crash, Alone: true));
        var other = await Store.AddOneAsync(Some.Job with { Priority = 1 });
        await worker.ClaimOneAsync();

        (await worker.ExchangeAsync([], max: 5, known: [])).Claimed.Select(job => job.Id).ShouldBe([other]);
    }
}
