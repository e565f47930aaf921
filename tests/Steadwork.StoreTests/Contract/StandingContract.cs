using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Where a job stands, and the reasons for which it does not run.</summary>
public abstract class StandingContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob Keyed = Some.Job with { ExclusiveKey = "k" };

    [Fact]
    public async Task A_job_that_is_not_there_stands_nowhere() =>
        (await Store.StandingAsync(new JobId(1), CancellationToken.None)).ShouldBeNull();

    [Fact]
    public async Task In_its_line_the_better_and_the_older_of_its_queue_come_before_it()
    {
        await Store.AddAsync(
            Some.Job, Some.Job with { Type = "other" }, Some.Job with { Queue = "other" }, Some.Job with { Priority = 200 }, Some.Job with { Delay = TimeSpan.FromHours(1) });
        var job = await Store.AddOneAsync(Some.Job);
        await Store.AddAsync(Some.Job, Some.Job with { Priority = 1 });

        var standing = await StandingAsync(job);
        (standing.Job.Id, standing.AheadInLine, standing.AheadBehindKey, standing.KeyHolders.Count).ShouldBe((job, 3, 0, 0));
    }

    [Theory]
    [InlineData(ClaimOrder.Priority, 3, "3 jobs of its queue come before it.")]
    [InlineData(ClaimOrder.Fifo, 4, "4 jobs of its queue come before it, since its workers take the oldest first.")]
    [InlineData(ClaimOrder.Lifo, 2, "2 jobs of its queue come before it, since its workers take the newest first.")]
    [InlineData(ClaimOrder.WeightedRandom, 6, "Its workers pick at random, weighted by priority; 6 other jobs of its queue may run now.")]
    public async Task In_its_line_those_come_before_it_whom_its_workers_take_before_it(ClaimOrder order, int ahead, string text)
    {
        await Store.AddAsync(Some.Job with { Priority = 300 }, Some.Job with { Type = "other", Priority = 200 }, Some.Job, Some.Job with { Queue = "other" }, Some.Job with { Priority = 1, Delay = TimeSpan.FromHours(1) });
        await Store.AddAsync(Some.Job with { Type = "unknown" }, Some.Job with { Requires = ["gpu"] }, Some.Job with { Type = "other" });
        var job = await Store.AddOneAsync(Some.Job);
        await Store.AddAsync(Some.Job, Some.Job with { Priority = 1 });
        await Store.StartAsync(types: [Some.Type, "other"], rule: new ClaimRule { Order = order });
        await Other.StartAsync(types: [Some.Type], rule: new ClaimRule { Order = order, Sharing = QueueSharing.InOrder });
        // These could not run it: how they go about their work does not matter.
        await Store.StartAsync(types: ["unknown"], rule: new ClaimRule { Order = ClaimOrder.Lifo });
        await Store.StartAsync(["other"], rule: new ClaimRule { Order = ClaimOrder.Fifo });

        (await StandingAsync(job)).AheadInLine.ShouldBe(ahead);
        (await ReasonsAsync(job)).ShouldBe([("priority", text)]);
    }

    [Fact]
    public async Task Where_its_workers_have_no_one_order_it_is_told_what_holds()
    {
        var jobs = await Store.AddAsync(Some.Jobs(2));
        await Store.StartAsync(rule: new ClaimRule { Ageing = TimeSpan.FromMinutes(1) });
        (await ReasonsAsync(jobs[0])).ShouldBe([("priority", "Its workers pick by priority, which gets better the longer a job waits; 1 other job of its queue may run now.")]);
        await Store.StartAsync(rule: new ClaimRule { Order = ClaimOrder.Fifo });

        (await ReasonsAsync(jobs[1])).ShouldBe([("priority", "Its workers pick by priority, which gets better the longer a job waits, or the oldest first; 1 other job of its queue may run now.")]);
    }

    [Fact]
    public async Task What_is_paused_comes_before_nothing()
    {
        await Store.AddAsync(Some.Job with { Type = "other" }, Some.Job);
        var job = await Store.AddOneAsync(Some.Job);
        await Store.StartAsync(types: [Some.Type, "other"]);
        await Store.PauseAsync(PauseScope.Type, "other", "somebody", CancellationToken.None);

        (await StandingAsync(job)).AheadInLine.ShouldBe(1);
    }

    [Theory]
    [InlineData(ClaimOrder.Priority)]
    [InlineData(ClaimOrder.Fifo)]
    [InlineData(ClaimOrder.WeightedRandom)]
    public async Task No_more_are_counted_than_need_be(ClaimOrder order)
    {
        await Store.AddAsync(Some.Jobs(Standing.CountedAtMost));
        var last = (await Store.AddAsync(Some.Jobs(500)))[^1];
        await Store.StartAsync(rule: new ClaimRule { Order = order });

        (await StandingAsync(last)).AheadInLine.ShouldBe(Standing.CountedAtMost);
        (await ReasonsAsync(last)).Single().Text.ShouldContain("10,000 and more");
    }

    [Theory]
    [InlineData(QueueSharing.Together, 1, "1 job of other queues that its workers serve comes before it.")]
    [InlineData(QueueSharing.InOrder, 4, "4 jobs of other queues that its workers serve come before it.")]
    [InlineData(QueueSharing.ByWeight, 0, null)]
    public async Task Of_other_queues_those_come_before_it_whom_all_its_workers_take_before_it(QueueSharing sharing, int ahead, string? text)
    {
        await Store.AddAsync(Some.Job with { Queue = "first", Type = "other" }, Some.Job with { Queue = "first", Type = "unknown" }, Some.Job with { Queue = "elsewhere" });
        var job = await Store.AddOneAsync(Some.Job with { Queue = "last" });
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "first" }, 3), Some.Job with { Queue = "later", Priority = 200 }]);
        var rule = new ClaimRule { Sharing = sharing, Weights = sharing is QueueSharing.ByWeight ? [1, 1, 1] : null };
        await Store.StartAsync(["first", "last", "later"], [Some.Type, "other"], rule: rule);

        (await StandingAsync(job)).ShouldSatisfyAllConditions(standing => standing.AheadInLine.ShouldBe(0), standing => standing.AheadInOtherQueues.ShouldBe(ahead));
        (await ReasonsAsync(job)).ShouldBe(text is null ? [] : [("priority", text)]);

        await Store.StartAsync(["last"], [Some.Type]);
        (await StandingAsync(job)).AheadInOtherQueues.ShouldBe(0, "one of its workers serves no other queue");
    }

    [Fact]
    public async Task What_is_held_up_comes_before_nothing()
    {
        await Store.AddAsync(Some.Job with { Type = "limited" }, Some.Job with { Type = "limited" }, Some.Job with { Type = "broken" }, Some.Job with { Queue = "first" });
        var limited = await Store.AddOneAsync(Some.Job with { Type = "limited" });
        var job = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync(["first", "default"], [Some.Type, "limited", "broken"], rule: new ClaimRule { Sharing = QueueSharing.InOrder }, breakers: [new BreakerDefinition("b")], typeBreakers: [new TypeBreakers("broken", ["b"])]);
        (await StandingAsync(job)).ShouldSatisfyAllConditions(standing => standing.AheadInLine.ShouldBe(4), standing => standing.AheadInOtherQueues.ShouldBe(1));

        await Store.SetLimitAsync(new RateLimit(LimitScope.Type, "limited", 1, TimeSpan.FromMinutes(1)), "somebody", CancellationToken.None);
        await Store.PauseAsync(PauseScope.Queue, "first", "somebody", CancellationToken.None);
        await Store.SwitchBreakerAsync("b", open: true, "somebody", CancellationToken.None);
        (await worker.ClaimAsync(1)).Single().Type.ShouldBe("limited");

        (await StandingAsync(job)).ShouldSatisfyAllConditions(standing => standing.AheadInLine.ShouldBe(0), standing => standing.AheadInOtherQueues.ShouldBe(0));
        // What holds both up makes no difference between them.
        (await StandingAsync(limited)).AheadInLine.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_says_in_which_order_it_claims()
    {
        var rule = new ClaimRule { Order = ClaimOrder.Priority, Ageing = TimeSpan.FromMilliseconds(1500), Sharing = QueueSharing.ByWeight, Weights = [3, 1] };
        await Store.StartAsync(["a", "b"], rule: rule);
        await Store.StartAsync(rule: new ClaimRule { Order = ClaimOrder.WeightedRandom, Sharing = QueueSharing.InOrder });
        await Store.StartAsync();

        var rules = (await Other.StatisticsAsync()).Workers.Select(worker => worker.Rule).ToList();
        (rules[0] with { Weights = null }).ShouldBe(rule with { Weights = null });
        rules[0].Weights.ShouldBe([3, 1]);
        rules[1].ShouldBe(new ClaimRule { Order = ClaimOrder.WeightedRandom, Sharing = QueueSharing.InOrder });
        rules[2].ShouldBe(ClaimRule.Default);
    }

    [Fact]
    public async Task One_that_may_not_run_now_stands_in_no_line()
    {
        await Store.AddAsync(Some.Job);
        var delayed = await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromHours(1) });

        (await StandingAsync(delayed)).AheadInLine.ShouldBe(0);
    }

    [Fact]
    public async Task Behind_its_key_it_is_told_who_holds_that_and_how_many_come_first()
    {
        JobId[] jobs = [
            .. await Store.AddAsync(Keyed with { ExclusiveLimit = 2 }, Keyed with { ExclusiveLimit = 2 }),
            .. await Store.AddAsync(Keyed, Keyed, Keyed with { Priority = 1 }, Some.Job with { ExclusiveKey = "other" })];
        var worker = await Store.StartAsync();
        await worker.ClaimOneAsync();

        var standing = await StandingAsync(jobs[3]);
        (standing.AheadInLine, standing.AheadBehindKey).ShouldBe((0, 2));
        standing.KeyHolders.ShouldBe([new KeyHolder(jobs[0], JobState.Running, worker.Id), new KeyHolder(jobs[1], JobState.Pending, null)]);
        (await StandingAsync(jobs[5])).KeyHolders.ShouldBe([new KeyHolder(jobs[5], JobState.Pending, null)]);
    }

    [Fact]
    public async Task Every_reason_is_told_in_words()
    {
        var jobs = await Store.AddAsync(
            Keyed, Keyed, Some.Job, Some.Job with { Delay = TimeSpan.FromHours(1) }, Some.Job with { Type = "unknown" }, Some.Job with { Queue = "elsewhere" });
        (await ReasonsAsync(jobs[2])).ShouldBe([("no_worker", "No worker is alive that could run it."), ("priority", "1 job of its queue comes before it.")]);
        var worker = await Store.StartAsync();
        await worker.ClaimOneAsync();

        (await ReasonsAsync(jobs[0])).ShouldBeEmpty("it runs");
        (await ReasonsAsync(jobs[1])).ShouldBe([("exclusive_key", $"It waits behind the exclusive key 'k', held by job {jobs[0]}, which runs on worker {worker.Id}.")]);
        (await ReasonsAsync(jobs[2])).ShouldBeEmpty("the next free slot takes it");
        (await ReasonsAsync(jobs[3])).ShouldBe([("scheduled", $"It may not run before {Now.AddHours(1):yyyy-MM-dd HH:mm:ss} UTC.")]);
        (await ReasonsAsync(jobs[4])).ShouldContain(("no_worker", "No live worker has a handler for the type 'unknown'."));
        (await ReasonsAsync(jobs[5])).ShouldBe([("no_worker", "No live worker with a handler for it serves the queue 'elsewhere'.")]);

        await Store.PauseAsync(PauseScope.Queue, Defaults.Queue, "somebody", CancellationToken.None);
        await Store.PauseAsync(PauseScope.Type, Some.Type, "another", CancellationToken.None);
        (await ReasonsAsync(jobs[2])).ShouldBe([
            ("paused", $"The queue 'default' is paused since {Now:yyyy-MM-dd HH:mm:ss} UTC, by somebody."),
            ("paused", $"The job type 'work' is paused since {Now:yyyy-MM-dd HH:mm:ss} UTC, by another.")]);
    }

    [Fact]
    public async Task A_suspect_says_that_it_runs_alone_and_one_that_came_too_late_that_it_ends()
    {
        var suspect = await Store.AddOneAsync(Some.Job);
        var late = await Store.AddOneAsync(Some.Job with { ExpiresIn = TimeSpan.FromSeconds(10) });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Release(Started: true, Alone: true, Some.Crash));
        Advance(20);

        (await ReasonsAsync(suspect)).ShouldBe([("alone", "A worker that had it in hand has crashed, and it may be why: a worker runs it next that has nothing else in hand.")]);
        (await ReasonsAsync(late))[^1].ShouldBe(("expired", $"It was not begun by {In(-10):yyyy-MM-dd HH:mm:ss} UTC, after which it is not worth running: the next claim cancels it."));
    }

    [Fact]
    public async Task A_child_says_for_which_jobs_it_waits()
    {
        var parents = await Store.AddAsync(Some.Jobs(5));
        var child = await Store.AddOneAsync(Some.Job with { After = parents, ExclusiveKey = "k" });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync(2);
        (await ReasonsAsync(child)).ShouldBe([("dependency", $"It waits for job {parents[0]}, which runs, and for job {parents[1]}, which runs, and for job {parents[2]}, which is pending, and 2 others.")]);

        await worker.SettleAsync(claimed[0], Some.Success);
        await worker.SettleAsync(claimed[1], new Transition.Fail(Some.Error));
        (await ReasonsAsync(child)).ShouldBeEmpty("it is cancelled");
        await Store.RequestAsync(JobRequest.Retry, child);
        await Store.RequestAsync(JobRequest.Delete, parents[2]);
        await Store.RequestAsync(JobRequest.Retry, child);
        (await ReasonsAsync(child))[0].ShouldBe(("dependency", $"It waits for job {parents[1]}, which has failed: it goes on when that is retried and succeeds, and for job {parents[2]}, which has been deleted: it never goes on, and for job {parents[3]}, which is pending, and 1 other."));
    }

    [Fact]
    public async Task A_retry_says_what_it_waits_for()
    {
        var job = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(60), Some.Error));

        (await ReasonsAsync(job)).ShouldBe([("scheduled", $"It has failed once and is tried again at {In(60):yyyy-MM-dd HH:mm:ss} UTC.")]);
    }

    private async Task<Standing> StandingAsync(JobId job) => (await Other.StandingAsync(job, CancellationToken.None))!;

    private async Task<List<(string Code, string Text)>> ReasonsAsync(JobId job) =>
        [.. (await WaitReason.OfAsync(Store, await StandingAsync(job), CancellationToken.None)).Select(reason => (reason.Code, reason.Text))];
}
