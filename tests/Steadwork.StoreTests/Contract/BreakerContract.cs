using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>While a breaker is open nobody claims what depends on it; then a few are let through, and what becomes of them decides.</summary>
public abstract class BreakerContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly BreakerDefinition Smtp = new("smtp") { MinimumCalls = 4, Window = TimeSpan.FromSeconds(10), BreakTime = TimeSpan.FromSeconds(30), Probes = 2 };

    [Fact]
    public async Task It_opens_when_so_many_calls_have_failed_and_then_none_of_its_jobs_is_claimed()
    {
        await AddAsync("mail", 9);
        var free = await Store.AddOneAsync(Some.Job);
        var (one, two) = (await StartAsync(Store), await StartAsync(Other));

        await CallAsync(one, failed: [false, false]);
        (await CallAsync(two, failed: [true])).Shut.ShouldBeEmpty();
        var exchange = await CallAsync(two, failed: [true]);

        exchange.Shut.ShouldBe(["smtp"]);
        exchange.NextDue.ShouldBe(In(30));
        (await one.ClaimAsync()).Select(job => job.Id).ShouldBe([free]);
        var breaker = await BreakerAsync();
        breaker.Circuit.ShouldBe(new Circuit(BreakerState.Open, Times.Whole(Now), In(30)));
        breaker.Types.ShouldBe(["mail", "post"]);
        (await LoggedAsync()).ShouldBe(["""breaker-opened {"breaker":"smtp","by":"2 of 4 calls, which failed"}"""]);
    }

    [Fact]
    public async Task A_claim_beside_the_call_that_opens_it_gets_none_of_its_jobs_and_one_beside_the_call_that_closes_it_gets_all()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await CallAsync(worker, failed: [true, true, true]);

        var opening = await worker.ExchangeAsync([Call(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error), failed: true)], max: 5);
        opening.Shut.ShouldBe(["smtp"]);
        opening.Claimed.ShouldBeEmpty();

        Advance(30);
        var probes = await worker.ClaimAsync();
        await EndAsync(worker, probes[0], failed: false);
        var closing = await worker.ExchangeAsync([Call(probes[1], Some.Success, failed: false)], max: 5);
        closing.Shut.ShouldBeEmpty();
        closing.Claimed.Count.ShouldBe(3);
    }

    [Fact]
    public async Task The_call_that_makes_them_enough_opens_it_only_if_it_fails()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await CallAsync(worker, failed: [true, true, true]);

        (await CallAsync(worker, failed: [false])).Shut.ShouldBeEmpty();
        (await CallAsync(worker, failed: [true])).Shut.ShouldBe(["smtp"]);
    }

    [Fact]
    public async Task A_type_that_depends_on_it_no_more_is_let_through()
    {
        await AddAsync("mail", 1);
        await AddAsync("post", 1);
        var earlier = await StartAsync(Store);
        await Store.SwitchBreakerAsync("smtp", open: true, "ann", CancellationToken.None);
        (await earlier.ClaimAsync()).ShouldBeEmpty();

        await Other.StartWorkerAsync(new WorkerStart("later", ["default"], ["mail"], 1, TimeSpan.FromMinutes(1)) { TypeBreakers = [new TypeBreakers("mail", [])] }, CancellationToken.None);

        (await earlier.ClaimAsync()).Select(job => (job.Type, job.IsProbe)).ShouldBe([("mail", false)]);
        (await BreakerAsync()).Types.ShouldBe(["post"]);
    }

    [Fact]
    public async Task Calls_are_forgotten_with_the_window()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await CallAsync(worker, failed: [true, true, true]);
        Advance(11);

        (await CallAsync(worker, failed: [true])).Shut.ShouldBeEmpty();
        (await BreakerAsync()).Window.ShouldBe(new CallCounts(1, 1));
    }

    [Fact]
    public async Task Failures_of_a_lifetime_do_not_open_it_while_most_calls_go_well()
    {
        await AddAsync("mail", 40);
        var worker = await StartAsync(Store);
        for (var round = 0; round < 10; round++)
        {
            (await CallAsync(worker, failed: [false, false, true])).Shut.ShouldBeEmpty();
            Advance(1);
        }
    }

    [Fact]
    public async Task After_a_while_a_set_number_is_let_through_on_all_workers_together()
    {
        await AddAsync("mail", 9);
        await AddAsync("post", 9);
        var (one, two) = (await StartAsync(Store), await StartAsync(Other));
        await OpenAsync(one);
        Advance(29.999);
        (await two.ClaimAsync()).ShouldBeEmpty();
        Advance(0.001);

        var first = await one.ClaimAsync(1);
        var second = await two.ClaimAsync();
        first.Concat(second).Select(job => job.IsProbe).ShouldBe([true, true]);
        (await one.ClaimAsync()).ShouldBeEmpty();
        (await BreakerAsync()).Circuit.ShouldBe(new Circuit(BreakerState.HalfOpen, Times.Whole(Now), In(30), LetThrough: 2));
    }

    [Fact]
    public async Task It_closes_when_all_of_those_have_succeeded()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);
        Advance(30);
        var probes = await worker.ClaimAsync();

        (await EndAsync(worker, probes[0], failed: false)).Shut.ShouldBe(["smtp"]);
        (await EndAsync(worker, probes[1], failed: false)).Shut.ShouldBeEmpty();
        var rest = await worker.ClaimAsync();
        rest.ShouldNotBeEmpty();
        rest.ShouldAllBe(job => !job.IsProbe);
        (await BreakerAsync()).Window.ShouldBe(new CallCounts(0, 0));
        (await LoggedAsync())[^1].ShouldBe("""breaker-closed {"breaker":"smtp","by":"calls that went well"}""");
    }

    [Fact]
    public async Task One_failure_of_those_opens_it_again()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);
        Advance(30);
        var probes = await worker.ClaimAsync();
        await EndAsync(worker, probes[0], failed: false);
        Advance(1);

        (await EndAsync(worker, probes[1], failed: true)).NextDue.ShouldBe(In(30));
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await BreakerAsync()).Circuit.ShouldBe(new Circuit(BreakerState.Open, Times.Whole(Now), In(30)));
    }

    [Fact]
    public async Task The_failure_of_one_that_was_let_through_is_not_counted_against_it()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);
        Advance(30);
        var probe = await worker.ClaimOneAsync();

        await worker.ExchangeAsync([new AttemptEnd(probe.Id, probe.Lease, new Transition.Retry(Now, Some.Error, Counts: false), null) { Calls = [new DependencyCall("smtp", true, probe.IsProbe)] }]);
        var job = await Store.JobAsync(probe.Id);
        (job.State, job.Attempt - probe.Attempt, job.Failures - probe.Failures, job.LastError).ShouldBe((JobState.Pending, 0, 0, Some.Error));
        (await Store.AttemptsAsync(probe.Id))[^1].Outcome.ShouldBe("failed");
    }

    [Fact]
    public async Task Others_take_the_place_of_those_of_which_nothing_is_heard()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);
        Advance(30);
        (await worker.ClaimAsync()).Count.ShouldBe(2);
        (await worker.ExchangeAsync([], max: 10)).NextDue.ShouldBe(In(30));
        Advance(30);

        (await worker.ClaimAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Late_ends_of_jobs_from_before_do_not_count_while_it_is_not_closed()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        var old = await worker.ClaimAsync(2);
        await OpenAsync(worker);
        Advance(30);
        await worker.ClaimAsync(1);

        (await EndAsync(worker, old[0], failed: true)).Shut.ShouldBe(["smtp"]);
        (await EndAsync(worker, old[1], failed: false)).Shut.ShouldBe(["smtp"]);
        (await BreakerAsync()).Circuit.ShouldBe(new Circuit(BreakerState.HalfOpen, Times.Whole(Now), In(30), LetThrough: 1));
    }

    [Fact]
    public async Task It_is_opened_and_closed_by_hand()
    {
        await AddAsync("mail", 2);
        var worker = await StartAsync(Store);

        (await Other.SwitchBreakerAsync("smtp", open: true, "somebody", CancellationToken.None)).ShouldBe(new Circuit(BreakerState.Open, Times.Whole(Now)));
        Advance(3600);
        var exchange = await worker.ExchangeAsync([], max: 10);
        (exchange.Claimed.Count, exchange.NextDue).ShouldBe((0, null));
        (await Other.SwitchBreakerAsync("smtp", open: false, "somebody", CancellationToken.None))!.Value.State.ShouldBe(BreakerState.Closed);
        (await worker.ClaimAsync()).Count.ShouldBe(2);
        (await Other.SwitchBreakerAsync("none", open: false, "somebody", CancellationToken.None)).ShouldBeNull();
        (await LoggedAsync()).ShouldBe(["""breaker-opened {"breaker":"smtp","by":"somebody"}""", """breaker-closed {"breaker":"smtp","by":"somebody"}"""]);
    }

    [Fact]
    public async Task One_that_calls_have_opened_is_opened_by_hand_all_the_same()
    {
        await OpenAsync(await StartAsync(Store), jobs: true);

        (await Other.SwitchBreakerAsync("smtp", open: true, "somebody", CancellationToken.None)).ShouldBe(new Circuit(BreakerState.Open, Times.Whole(Now)));
        await Other.SwitchBreakerAsync("smtp", open: true, "somebody else", CancellationToken.None);

        (await LoggedAsync()).ShouldBe(["""breaker-opened {"breaker":"smtp","by":"4 of 4 calls, which failed"}""", """breaker-opened {"breaker":"smtp","by":"somebody"}"""]);
    }

    [Fact]
    public async Task A_worker_that_starts_sets_it_anew_and_leaves_it_where_it_stands()
    {
        await OpenAsync(await StartAsync(Store), jobs: true);
        var stands = (await BreakerAsync()).Circuit;

        await StartAsync(Other, Smtp with { Probes = 7 });
        var breaker = await BreakerAsync();
        (breaker.Circuit, breaker.Definition.Probes, breaker.Definition.FailureRatio).ShouldBe((stands, 7, 0.5));
    }

    [Theory]
    [InlineData(ClaimOrder.Fifo)]
    [InlineData(ClaimOrder.WeightedRandom)]
    public async Task It_holds_for_every_claim_order(ClaimOrder order)
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);

        (await worker.ClaimAsync(rule: new ClaimRule { Order = order })).ShouldBeEmpty();
        Advance(30);
        (await worker.ClaimAsync(rule: new ClaimRule { Order = order })).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_keeps_it_open_for_no_longer_than_a_break()
    {
        await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);
        Clock.SetUtcNow(In(-0.5));
        (await worker.ClaimAsync()).ShouldBeEmpty();

        Clock.SetUtcNow(In(-7200));

        (await worker.ClaimAsync()).Count.ShouldBe(2);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await BreakerAsync()).Circuit.ShouldBe(new Circuit(BreakerState.HalfOpen, Times.Whole(Now), In(30), LetThrough: 2));
        Clock.SetUtcNow(In(-7200));
        (await worker.ClaimAsync()).Count.ShouldBe(2);
        (await BreakerAsync()).Circuit.ShouldBe(new Circuit(BreakerState.HalfOpen, Times.Whole(Now), In(30), LetThrough: 2));
    }

    [Fact]
    public async Task Why_tells_of_it()
    {
        var jobs = await AddAsync("mail", 9);
        var worker = await StartAsync(Store);
        await OpenAsync(worker);

        (await WhyAsync(jobs[^1])).ShouldBe($"The breaker 'smtp' is open until {In(30).UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, since too many of the calls that it counts have failed.");
        Advance(30);
        (await WhyAsync(jobs[^1])).ShouldBe("The breaker 'smtp' lets only 2 jobs through, to see whether what it stands for works again.");
        await worker.ClaimAsync();
        (await WhyAsync(jobs[^1])).ShouldBe($"The breaker 'smtp' lets only 2 jobs through since {Now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, to see whether what it stands for works again.");
    }

    private async Task<string> WhyAsync(JobId job) =>
        (await WaitReason.OfAsync(Store, (await Store.StandingAsync(job, CancellationToken.None))!, CancellationToken.None)).First(reason => reason.Code == "breaker").Text;

    private Task<JobId[]> AddAsync(string type, int count) => Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Type = type }, count)]);

    private static Task<TestWorker> StartAsync(IStore store, BreakerDefinition? breaker = null) =>
        store.StartAsync(types: [Some.Type, "mail", "post"], capacity: 20, breakers: [breaker ?? Smtp], typeBreakers: [new TypeBreakers("mail", ["smtp"]), new TypeBreakers("post", ["smtp"])]);

    /// <summary>Runs jobs that call what the breaker stands for, one after the other.</summary>
    private async Task<Exchange> CallAsync(TestWorker worker, bool[] failed)
    {
        Exchange? last = null;
        foreach (var each in failed)
            last = await EndAsync(worker, (await worker.ClaimAsync(1)).Single(), each);
        return last!;
    }

    private Task<Exchange> EndAsync(TestWorker worker, ClaimedJob job, bool failed) =>
        worker.ExchangeAsync([Call(job, failed ? new Transition.Retry(In(1000), Some.Error) : Some.Success, failed)]);

    private static AttemptEnd Call(ClaimedJob job, Transition transition, bool failed) => new(job.Id, job.Lease, transition, null) { Calls = [new DependencyCall("smtp", failed, job.IsProbe)] };

    private async Task OpenAsync(TestWorker worker, bool jobs = false)
    {
        if (jobs)
            await AddAsync("mail", 4);
        (await CallAsync(worker, failed: [true, true, true, true])).Shut.ShouldBe(["smtp"]);
    }

    private async Task<BreakerView> BreakerAsync() => (await Other.BreakersAsync(CancellationToken.None)).Single();

    private async Task<List<string>> LoggedAsync() =>
        [.. (await Store.LogAsync()).Where(entry => entry.Kind.StartsWith("breaker", StringComparison.Ordinal)).Select(entry => $"{entry.Kind} {Some.Text(entry.Data)}")];
}
