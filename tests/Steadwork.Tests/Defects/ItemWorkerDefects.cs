using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Defects;

/// <summary>What goes wrong in item workers that people write by hand, each shown not to go wrong here.</summary>
public sealed class ItemWorkerDefects : IAsyncLifetime
{
    private static readonly ClaimRequest Any = new(["default"], ["item"], 10, 0);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("steadwork-defects-");
    private SqliteStore store = null!;
    private SqliteStore other = null!;

    private string Path => System.IO.Path.Combine(folder.FullName, "store.db");

    public ValueTask InitializeAsync()
    {
        store = SqliteStore.Open(Path);
        other = SqliteStore.Open(Path);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await other.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_finished_item_is_never_claimed_again_whoever_asks_and_under_whatever_id()
    {
        await EnqueueAsync();
        var worker = await StartAsync(store);
        var job = await ClaimAsync(store, worker);
        (await EndAsync(store, worker, job, new Transition.Succeed(default))).ShouldBeTrue();
        (await ExchangeAsync(store, worker)).Claimed.ShouldBeEmpty();
        (await ExchangeAsync(other, await StartAsync(other))).Claimed.ShouldBeEmpty();
        (await EndAsync(store, worker, job, new Transition.Fail(new JobError("late", "late")))).ShouldBeFalse();
        (await JobAsync()).State.ShouldBe(JobState.Succeeded);
    }

    [Fact]
    public async Task A_locked_database_delays_a_claim_and_touches_nobodys_item()
    {
        await EnqueueAsync(2);
        var first = await StartAsync(store);
        var live = (await store.ExchangeAsync(first.Id, [], Any with { Max = 1 }, Token)).Claimed.Single();
        var second = await StartAsync(other);

        using var stranger = new Database(Path, Synchronous.Full, TimeSpan.FromSeconds(10));
        stranger.Execute("BEGIN IMMEDIATE");
        var claiming = other.ExchangeAsync(second.Id, [], Any, Token);
        using (var pause = new ManualResetEventSlim())
            pause.Wait(TimeSpan.FromMilliseconds(300), Token);
        claiming.IsCompleted.ShouldBeFalse();
        stranger.Execute("ROLLBACK");

        (await claiming).Claimed.Single().Id.ShouldNotBe(live.Id);
        var untouched = (await store.FindAsync(new JobQuery { Ids = [live.Id] }, Token)).Single();
        (untouched.State, untouched.Worker, untouched.LastError).ShouldBe((JobState.Running, first.Id, null));
    }

    [Fact]
    public async Task An_item_is_not_left_running_for_ever_after_a_crash()
    {
        await EnqueueAsync();
        var worker = await StartAsync(store);
        var job = await ClaimAsync(store, worker);
        worker.Marks.Begun(job.Lease);
        store.Abandon(worker.Id);
        (await other.RecoverAsync(Token)).Single().Worker.ShouldBe(worker.Id);
        (await ExchangeAsync(other, await StartAsync(other))).Claimed.Single().Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_item_is_not_stolen_from_a_live_worker_however_slow_it_is()
    {
        await EnqueueAsync();
        var worker = await store.StartWorkerAsync(new WorkerStart("slow", ["default"], ["item"], 10, TimeSpan.FromSeconds(1)), Token);
        var job = await ClaimAsync(store, worker);
        using var pause = new ManualResetEventSlim();
        for (var beat = 0; beat < 12; beat++)
        {
            store.Renew(worker.Id).Alive.ShouldBeTrue();
            (await other.RecoverAsync(Token)).ShouldBeEmpty();
            pause.Wait(TimeSpan.FromMilliseconds(200), Token);
        }
        (await EndAsync(store, worker, job, new Transition.Succeed(default))).ShouldBeTrue();
        (await JobAsync()).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task Attempts_have_a_cap_also_when_each_ends_in_a_crash()
    {
        await EnqueueAsync();
        var runs = 0;
        for (; (await JobAsync()).State is JobState.Pending; runs++)
        {
            var worker = await StartAsync(store);
            worker.Marks.Begun((await ClaimAsync(store, worker)).Lease);
            store.Abandon(worker.Id);
            await other.RecoverAsync(Token);
        }
        runs.ShouldBe(3);
        (await JobAsync()).State.ShouldBe(JobState.Failed);
    }

    [Fact]
    public async Task A_retried_item_bears_no_stale_error_result_or_time_of_ending()
    {
        await EnqueueAsync();
        var worker = await StartAsync(store);
        await EndAsync(store, worker, await ClaimAsync(store, worker), new Transition.Fail(new JobError("bad", "bad"), "1"u8.ToArray()));
        (await store.RequestAsync([new JobId(1)], JobRequest.Retry, "by hand", Token)).ShouldBe([RequestAnswer.Done]);
        var job = await JobAsync();
        (job.State, job.LastError, job.FinishedAt, job.StartedAt, job.Result.Length, job.Failures).ShouldBe((JobState.Pending, null, null, null, 0, 0));
        (await store.AttemptsAsync(job.Id, Token)).Single().Error!.Message.ShouldBe("bad");
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
        using var ends = store.Listen(WakeUp.Ends, _ => done.TrySetResult());
        await using var worker = new WorkerHost(store, catalog, new WorkerOptions());
        await worker.StartAsync(Token);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        using (var pause = new ManualResetEventSlim())
            pause.Wait(TimeSpan.FromMilliseconds(500), Token);
        stranger.Execute("ROLLBACK");
        await done.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        var job = await JobAsync();
        (job.State, job.Attempt, job.Failures, runs).ShouldBe((JobState.Succeeded, 1, 0, 1));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(int count = 1) =>
        store.EnqueueAsync([.. Enumerable.Range(0, count).Select(_ => new NewJob { Type = "item", Payload = "{}"u8.ToArray() })], Token);

    private static Task<WorkerSession> StartAsync(SqliteStore on) =>
        on.StartWorkerAsync(new WorkerStart("test", ["default"], ["item"], 10, TimeSpan.FromSeconds(30)), Token);

    private static Task<Exchange> ExchangeAsync(SqliteStore on, WorkerSession worker) => on.ExchangeAsync(worker.Id, [], Any, Token);

    private static async Task<ClaimedJob> ClaimAsync(SqliteStore on, WorkerSession worker) => (await ExchangeAsync(on, worker)).Claimed.Single();

    private static async Task<bool> EndAsync(SqliteStore on, WorkerSession worker, ClaimedJob job, Transition transition) =>
        (await on.ExchangeAsync(worker.Id, [new AttemptEnd(job.Id, job.Lease, transition, null)], null, Token)).Accepted.Single();

    private async Task<Job> JobAsync() => (await store.FindAsync(new JobQuery { Ids = [new JobId(1)] }, Token)).Single();
}
