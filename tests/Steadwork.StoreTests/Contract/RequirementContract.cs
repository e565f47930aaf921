using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A job that requires tags is given to a worker that has all of them, and to no other.</summary>
public abstract class RequirementContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task Only_a_worker_that_has_all_that_a_job_requires_is_given_it()
    {
        var jobs = await Store.AddAsync(Needing(), Needing("gpu"), Needing("eu"), Needing("gpu", "eu"));

        (await ClaimedAsync()).ShouldBe([jobs[0]]);
        (await ClaimedAsync("us")).ShouldBeEmpty();
        (await ClaimedAsync("eu")).ShouldBe([jobs[2]]);
        (await ClaimedAsync("GPU", "gp", "gpu,eu")).ShouldBeEmpty();
        (await ClaimedAsync("large", "eu", "gpu")).ShouldBe([jobs[1], jobs[3]]);
    }

    [Theory]
    [InlineData(ClaimOrder.Fifo)]
    [InlineData(ClaimOrder.Lifo)]
    [InlineData(ClaimOrder.WeightedRandom)]
    public async Task So_it_is_in_every_order(ClaimOrder order)
    {
        var jobs = await Store.AddAsync(Needing("gpu"), Needing("eu"), Needing("gpu", "eu"));
        var rule = new ClaimRule { Order = order };

        (await (await Store.StartAsync()).ClaimAsync(rule: rule)).ShouldBeEmpty();
        (await (await Store.StartAsync(tags: ["eu"])).ClaimAsync(rule: rule)).Select(job => job.Id).ShouldBe([jobs[1]]);
        (await (await Store.StartAsync(tags: ["eu", "gpu"])).ClaimAsync(rule: rule)).Select(job => job.Id).Order().ShouldBe([jobs[0], jobs[2]]);
    }

    [Fact]
    public async Task What_nobody_can_run_keeps_nobody_from_the_rest()
    {
        await Store.AddAsync(Needing("gpu") with { Priority = 1 }, Needing("gpu") with { Priority = 1 });
        var plain = await Store.AddOneAsync(Needing());

        (await (await Store.StartAsync()).ClaimAsync(max: 1)).Single().Id.ShouldBe(plain);
    }

    [Fact]
    public async Task Jobs_that_require_different_things_have_one_order()
    {
        var jobs = await Store.AddAsync(Needing("eu"), Needing(), Needing("gpu") with { Priority = 1 }, Needing("eu", "gpu"), Needing());

        (await ClaimedAsync("eu", "gpu")).ShouldBe([jobs[2], jobs[0], jobs[1], jobs[3], jobs[4]]);
    }

    [Fact]
    public async Task It_is_a_set_and_is_read_in_order()
    {
        var id = await Store.AddOneAsync(Needing("región:eu/1", "b", "A", "b"));

        (await Other.JobAsync(id)).Requires.ShouldBe(["A", "b", "región:eu/1"]);
        (await Other.JobAsync(await Store.AddOneAsync(Needing()))).Requires.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_job_requires_the_same_whatever_becomes_of_it()
    {
        var id = await Store.AddOneAsync(Needing("gpu"));
        var able = await Store.StartAsync(tags: ["gpu"]);
        await able.SettleAsync(await able.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        (await ClaimedAsync()).ShouldBeEmpty("it is tried again");
        await able.SettleAsync(await able.ClaimOneAsync(), new Transition.Fail(Some.Error));
        (await Other.JobAsync(id)).Requires.ShouldBe(["gpu"]);
        await Store.RequestAsync(JobRequest.Retry, id);
        (await ClaimedAsync()).ShouldBeEmpty("it is retried by hand");
        (await able.ClaimOneAsync()).Id.ShouldBe(id);
        Fixture.Kill(able.Id);
        await Other.RecoverAsync();

        (await ClaimedAsync()).ShouldBeEmpty("its worker has died");
        (await ClaimedAsync("gpu")).ShouldBe([id]);
    }

    [Fact]
    public async Task One_that_waited_for_its_time_its_parents_or_its_key_requires_the_same_then()
    {
        var parent = await Store.AddOneAsync(Needing());
        var jobs = await Store.AddAsync(
            Needing("gpu") with { Delay = TimeSpan.FromSeconds(10) }, Needing("gpu") with { After = [parent] }, Needing("gpu") with { ExclusiveKey = "k" }, Needing("gpu") with { AfterPlaces = [2] });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        Advance(10);

        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await ClaimedAsync("gpu")).Order().ShouldBe([jobs[0], jobs[1], jobs[2]]);
    }

    [Theory]
    [InlineData(WhenTaken.Keep)]
    [InlineData(WhenTaken.Replace)]
    [InlineData(WhenTaken.Amend)]
    public async Task The_bearer_of_a_unique_key_requires_what_it_did(WhenTaken whenTaken)
    {
        var bearer = await Store.AddOneAsync(Needing("gpu") with { UniqueKey = "k" });
        (await Other.EnqueueOneAsync(Needing("eu") with { UniqueKey = "k", WhenTaken = whenTaken, Payload = Some.Json("[]"), MaxAttempts = 9 })).Id.ShouldBe(bearer);

        (await ClaimedAsync("eu")).ShouldBeEmpty();
        (await ClaimedAsync("gpu")).ShouldBe([bearer]);
    }

    [Fact]
    public async Task The_job_of_a_schedule_requires_what_that_says()
    {
        var nightly = new ScheduleDefinition { Name = "nightly", Timing = new ScheduleTiming.Every(TimeSpan.FromSeconds(60)), Job = Needing("gpu") };
        await Store.DefineAsync([nightly.From(Now)], new ScheduleOwner(null, "0", "ann"), CancellationToken.None);
        await Other.TriggerAsync("nightly", "ann", CancellationToken.None);

        (await ClaimedAsync()).ShouldBeEmpty();
        (await ClaimedAsync("gpu")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Counts_are_those_of_a_queue_and_type_whatever_is_required()
    {
        await Store.AddAsync(Needing(), Needing("gpu"), Needing("gpu"), Needing("eu") with { Delay = TimeSpan.FromHours(1) }, Needing("gpu") with { Type = "other" });
        var worker = await Store.StartAsync(tags: ["gpu"]);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        await worker.ClaimOneAsync();

        (await Other.StatisticsAsync()).Lanes.ShouldBe([
            new LaneCounts(Defaults.Queue, "other", new StateCounts(1, 0, 0, 0, 0, 0)), new LaneCounts(Defaults.Queue, Some.Type, new StateCounts(2, 0, 1, 1, 0, 0))]);
    }

    [Fact]
    public async Task Jobs_are_found_by_what_a_worker_could_run()
    {
        var jobs = await Store.AddAsync(Needing(), Needing("gpu"), Needing("eu", "gpu"));
        async Task<JobId[]> FoundAsync(params string[] tags) => [.. (await Other.FindAsync(new JobQuery { RequiresAtMost = tags, State = JobState.Pending })).Select(job => job.Id)];

        (await FoundAsync()).ShouldBe([jobs[0]]);
        (await FoundAsync("gpu")).ShouldBe([jobs[1], jobs[0]]);
        (await FoundAsync("gpu", "us", "eu")).ShouldBe([jobs[2], jobs[1], jobs[0]]);
    }

    [Fact]
    public async Task A_worker_says_what_it_has()
    {
        await Store.StartAsync();
        await Other.StartAsync(tags: ["gpu", "región:eu"]);

        (await Store.StatisticsAsync()).Workers.Select(worker => string.Join(' ', worker.Tags)).ShouldBe(["", "gpu región:eu"]);
    }

    [Fact]
    public async Task Why_it_waits_names_the_tags_that_are_missing()
    {
        var jobs = await Store.AddAsync(Needing("gpu"), Needing("gpu", "eu", "large"), Needing("eu", "us"));
        await Store.StartAsync(tags: ["eu"]);
        await Store.StartAsync(tags: ["us"]);
        await Store.StartAsync(["elsewhere"], tags: ["gpu", "large"]);
        await Store.StartAsync(types: ["other"], tags: ["gpu", "large"]);
        async Task<string> WhyAsync(JobId job) =>
            (await WaitReason.OfAsync(Other, (await Other.StandingAsync(job, CancellationToken.None))!, CancellationToken.None)).Where(reason => reason.Code == "no_worker").Select(reason => reason.Text).SingleOrDefault("");

        (await WhyAsync(jobs[0])).ShouldBe("No live worker that could run it has the tag 'gpu'.");
        (await WhyAsync(jobs[1])).ShouldBe("No live worker that could run it has the tags 'gpu' and 'large'.");
        (await WhyAsync(jobs[2])).ShouldBe("No live worker that could run it has all the tags that it requires: 'eu' and 'us'.");
        await Store.StartAsync(tags: ["gpu", "us", "eu"]);
        (await WhyAsync(jobs[0])).ShouldBeEmpty();
        (await WhyAsync(jobs[2])).ShouldBeEmpty();
    }

    private static NewJob Needing(params string[] tags) => Some.Job with { Requires = tags };

    private async Task<List<JobId>> ClaimedAsync(params string[] tags) => [.. (await (await Other.StartAsync(tags: tags)).ClaimAsync()).Select(job => job.Id)];
}
