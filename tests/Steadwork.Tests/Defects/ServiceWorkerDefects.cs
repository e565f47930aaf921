using Shouldly;
using Steadwork.Storage;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Defects;

/// <summary>What goes wrong in workers for builds and deployments that people write by hand, each shown not to go wrong here.</summary>
public sealed class ServiceWorkerDefects() : TwoProcesses("build", "deploy")
{
    private static readonly JobError Broken = new("broken", "broken");

    [Fact]
    public async Task Two_deployments_never_go_to_production_at_once_however_many_workers_ask_at_the_same_time()
    {
        await EnqueueAsync([.. Enumerable.Repeat(DeployTo("prod"), 20)]);
        WorkerSession[] workers = [await StartAsync(Store), await StartAsync(Other), await StartAsync(Store), await StartAsync(Other)];
        for (var round = 0; round < 20; round++)
        {
            // All look at once, as they do who look first and deploy then.
            var claims = await Task.WhenAll(workers.Select((worker, place) => Task.Run(() => ExchangeAsync(place % 2 == 0 ? Store : Other, worker))));
            var (holder, job) = claims.Index().SelectMany(claim => claim.Item.Claimed.Select(job => (claim.Index, job))).ShouldHaveSingleItem();
            (await EndAsync(holder % 2 == 0 ? Store : Other, workers[holder], job, new Transition.Succeed(default))).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_busy_environment_holds_up_no_other_however_many_wait_for_it()
    {
        await EnqueueAsync([.. Enumerable.Repeat(DeployTo("prod"), 50)]);
        var test = (await EnqueueAsync(DeployTo("test")))[0].Id;
        var worker = await StartAsync(Store);
        await ExchangeAsync(Store, worker, max: 1);

        (await ClaimAsync(Other, await StartAsync(Other))).Id.ShouldBe(test);
    }

    [Fact]
    public async Task Builds_that_keep_coming_do_not_starve_deployments()
    {
        var rule = new ClaimRule { Ageing = TimeSpan.FromMilliseconds(1) };
        await EnqueueAsync(DeployTo("prod") with { Priority = 200, RunAt = Store.Now.AddMinutes(-10) });
        var worker = await StartAsync(Store);
        for (var round = 0; round < 20; round++)
        {
            await EnqueueAsync(New("build") with { Priority = 100 });
            var job = (await Store.ExchangeAsync(worker.Id, [], Any with { Max = 1, Rule = rule }, Token)).Claimed.Single();
            if (job.Type == "deploy")
                return;
            await EndAsync(Store, worker, job, new Transition.Succeed(default));
        }
        Assert.Fail("Twenty builds were taken before the deployment, and there is no end of them.");
    }

    [Fact]
    public async Task Of_many_that_ask_at_the_same_time_one_gets_a_build()
    {
        WorkerSession[] workers = [await StartAsync(Store), await StartAsync(Other), await StartAsync(Store), await StartAsync(Other)];
        for (var round = 0; round < 30; round++)
        {
            await EnqueueAsync(New("build"));
            var claims = await Task.WhenAll(workers.Select((worker, place) => Task.Run(() => ExchangeAsync(place % 2 == 0 ? Store : Other, worker))));
            claims.Sum(claim => claim.Claimed.Count).ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_worker_that_starts_leaves_the_live_build_of_another_alone()
    {
        await EnqueueAsync(New("build"));
        var worker = await StartAsync(Store);
        var build = await ClaimAsync(Store, worker);

        await StartAsync(Other);
        (await Other.RecoverAsync(Token)).ShouldBeEmpty();
        var job = await JobAsync(build.Id);
        (job.State, job.Worker, job.LastError).ShouldBe((JobState.Running, worker.Id, null));
        (await EndAsync(Store, worker, build, new Transition.Succeed(default))).ShouldBeTrue();
    }

    [Fact]
    public async Task The_log_says_that_a_job_has_succeeded_only_once_it_is_committed()
    {
        await EnqueueAsync(New("build"));
        var worker = await StartAsync(Store);
        var build = await ClaimAsync(Store, worker);
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path};Pooling=False"))
        {
            connection.Open();
            using var transaction = connection.BeginTransaction();
            (await Store.SettleAsync(new AttemptEnd(build.Id, build.Lease, new Transition.Succeed(default), null), transaction, Token)).ShouldBeTrue();
            (await KindsAsync(build.Id)).ShouldBe(["enqueued", "claimed"]);
            transaction.Rollback();
        }
        (await KindsAsync(build.Id)).ShouldBe(["enqueued", "claimed"]);
        (await JobAsync(build.Id)).State.ShouldBe(JobState.Running);
    }

    [Fact]
    public async Task A_poison_job_that_is_the_oldest_blocks_nobody()
    {
        var poison = (await EnqueueAsync(New("build")))[0].Id;
        var healthy = (await EnqueueAsync([.. Enumerable.Repeat(New("build"), 5)])).Select(job => job.Id).ToList();
        var done = new List<JobId>();
        while ((await JobAsync(poison)).State is not JobState.Failed || done.Count < healthy.Count)
        {
            var worker = await StartAsync(Store);
            var claimed = (await ExchangeAsync(Store, worker)).Claimed;
            claimed.ShouldNotBeEmpty();
            foreach (var job in claimed)
                worker.Marks.Begun(job.Lease);
            if (claimed.Any(job => job.Id == poison))
            {
                // It takes its worker with it.
                Store.Abandon(worker.Id);
                await Other.RecoverAsync(Token);
                continue;
            }
            foreach (var job in claimed)
            {
                (await EndAsync(Store, worker, job, new Transition.Succeed(default))).ShouldBeTrue();
                done.Add(job.Id);
            }
        }
        done.ShouldBe(healthy, ignoreOrder: true);
        (await Store.FindAsync(new JobQuery { Ids = healthy }, Token)).ShouldAllBe(job => job.Failures == 0);
    }

    [Fact]
    public async Task A_signal_to_stop_reaches_a_job_that_runs()
    {
        await EnqueueAsync(New("build"));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catalog = new JobCatalog();
        catalog.Add(new JobType("build", null, new JobTypeOptions(), async context =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
            return default;
        }));
        await using var worker = new WorkerHost(Store, catalog, new WorkerOptions { DrainTime = TimeSpan.Zero });
        await worker.StartAsync(Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await worker.StopAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        var job = await JobAsync(new JobId(1));
        (job.State, job.Failures).ShouldBe((JobState.Pending, 0));
    }

    [Fact]
    public async Task A_build_that_has_failed_is_not_deployed()
    {
        var jobs = await EnqueueAsync(New("build"), DeployTo("prod") with { AfterPlaces = [0] });
        var worker = await StartAsync(Store);
        await EndAsync(Store, worker, await ClaimAsync(Store, worker), new Transition.Fail(Broken));

        (await ExchangeAsync(Other, await StartAsync(Other))).Claimed.ShouldBeEmpty();
        var deployment = await JobAsync(jobs[1].Id);
        (deployment.State, deployment.CancelReason).ShouldBe((JobState.Cancelled, $"Job {jobs[0].Id}, which it was to follow, has failed."));
    }

    private static NewJob DeployTo(string environment) => New("deploy") with { ExclusiveKey = $"env:{environment}" };

    private async Task<string[]> KindsAsync(JobId job) => [.. (await Other.ReadAsync(0, 1000, Token)).Where(entry => entry.Job == job).Select(entry => entry.Kind)];
}
