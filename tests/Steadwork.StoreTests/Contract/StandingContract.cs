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
