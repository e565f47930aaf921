using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Defects;

/// <summary>What goes wrong in item workers that people write by hand, each shown not to go wrong here.</summary>
public sealed class ItemWorkerDefects() : TwoProcesses("item")
{
    [Fact]
    public async Task A_finished_item_is_never_claimed_again_whoever_asks_and_under_whatever_id()
    {
        await EnqueueAsync();
        var worker = await StartAsync(Store);
        var job = await ClaimAsync(Store, worker);
        (await EndAsync(Store, worker, job, new Transition.Succeed(default))).ShouldBeTrue();
        (await ExchangeAsync(Store, worker)).Claimed.ShouldBeEmpty();
        (await ExchangeAsync(Other, await StartAsync(Other))).Claimed.ShouldBeEmpty();
        (await EndAsync(Store, worker, job, new Transition.Fail(new JobError("late", "late")))).ShouldBeFalse();
        (await JobAsync()).State.ShouldBe(JobState.Succeeded);
    }

    [Fact]
    public async Task A_locked_database_delays_a_claim_and_touches_nobodys_item()
    {
        await EnqueueAsync(2);
        var first = await StartAsync(Store);
        var live = (await Store.ExchangeAsync(first.Id, [], Any with { Max = 1 }, Token)).Claimed.Single();
        var second = await StartAsync(Other);

        using var stranger = new Database(Path, Synchronous.Full, TimeSpan.FromSeconds(10));
        stranger.Execute("BEGIN IMMEDIATE");
        var claiming = Other.ExchangeAsync(second.Id, [], Any, Token);
        using (var pause = new ManualResetEventSlim())
            pause.Wait(TimeSpan.FromMilliseconds(300), Token);
        claiming.IsCompleted.ShouldBeFalse();
        stranger.Execute("ROLLBACK");

        (await claiming).Claimed.Single().Id.ShouldNotBe(live.Id);
        var untouched = (await Store.FindAsync(new JobQuery { Ids = [live.Id] }, Token)).Single();
        (untouched.State, untouched.Worker, untouched.LastError).ShouldBe((JobState.Running, first.Id, null));
    }

    [Fact]
    public async Task An_item_is_not_left_running_for_ever_after_a_crash()
    {
        await EnqueueAsync();
        var worker = await StartAsync(Store);
        var job = await ClaimAsync(Store, worker);
        worker.Marks.Begun(job.Lease);
        Store.Abandon(worker.Id);
        (await Other.RecoverAsync(Token)).Single().Worker.ShouldBe(worker.Id);
        (await ExchangeAsync(Other, await StartAsync(Other))).Claimed.Single().Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_item_is_not_stolen_from_a_live_worker_however_slow_it_is()
    {
        await EnqueueAsync();
        var worker = await Store.StartWorkerAsync(new WorkerStart("slow", ["default"], ["item"], 10, TimeSpan.FromSeconds(1)), Token);
        var job = await ClaimAsync(Store, worker);
        using var pause = new ManualResetEventSlim();
        for (var beat = 0; beat < 12; beat++)
        {
            Store.Renew(worker.Id).Alive.ShouldBeTrue();
            (await Other.RecoverAsync(Token)).ShouldBeEmpty();
            pause.Wait(TimeSpan.FromMilliseconds(200), Token);
        }
        (await EndAsync(Store, worker, job, new Transition.Succeed(default))).ShouldBeTrue();
        (await JobAsync()).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task Attempts_have_a_cap_also_when_each_ends_in_a_crash()
    {
        await EnqueueAsync();
        var runs = 0;
        for (; (await JobAsync()).State is JobState.Pending; runs++)
        {
            var worker = await StartAsync(Store);
            worker.Marks.Begun((await ClaimAsync(Store, worker)).Lease);
            Store.Abandon(worker.Id);
            await Other.RecoverAsync(Token);
        }
        runs.ShouldBe(3);
        (await JobAsync()).State.ShouldBe(JobState.Failed);
    }

    [Fact]
    public async Task A_retried_item_bears_no_stale_error_result_or_time_of_ending()
    {
        await EnqueueAsync();
        var worker = await StartAsync(Store);
        await EndAsync(Store, worker, await ClaimAsync(Store, worker), new Transition.Fail(new JobError("bad", "bad"), "1"u8.ToArray()));
        (await Store.RequestAsync([new JobId(1)], JobRequest.Retry, "by hand", Token)).ShouldBe([RequestAnswer.Done]);
        var job = await JobAsync();
        (job.State, job.LastError, job.FinishedAt, job.StartedAt, job.Result.Length, job.Failures).ShouldBe((JobState.Pending, null, null, null, 0, 0));
        (await Store.AttemptsAsync(job.Id, Token)).Single().Error!.Message.ShouldBe("bad");
    }

    [Fact]
    public async Task Work_that_is_done_while_its_completion_cannot_be_written_does_not_count_as_failed()
    {
        await EnqueueAsync();
        var runs = 0;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catalog = new JobCatalog();
        using var stranger = new Database(Path, Synchronous.Full, TimeSpan.FromSeconds(10));
        catalog.Add(new JobType("item", null, new JobTypeOptions(), _ =>
        {
            runs++;
            // From here on nobody else can write, until the handler has long returned.
            stranger.Execute("BEGIN IMMEDIATE");
            ended.TrySetResult();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ends = Store.Listen(WakeUp.Ends, _ => done.TrySetResult());
        await using var worker = new WorkerHost(Store, catalog, new WorkerOptions());
        await worker.StartAsync(Token);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        using (var pause = new ManualResetEventSlim())
            pause.Wait(TimeSpan.FromMilliseconds(500), Token);
        stranger.Execute("ROLLBACK");
        await done.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        var job = await JobAsync();
        (job.State, job.Attempt, job.Failures, runs).ShouldBe((JobState.Succeeded, 1, 0, 1));
    }

    private Task<Job> JobAsync() => JobAsync(new JobId(1));
}
