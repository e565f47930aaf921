using Shouldly;
using Xunit;

namespace Steadwork.Tests.Workers;

public sealed class StoppingTests : IAsyncLifetime
{
    private readonly Workbench bench = new();
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource never = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        never.TrySetResult();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task A_worker_that_was_stopped_may_be_started_again_and_stopped_again()
    {
        bench.Handle("note", _ => Task.CompletedTask);
        var worker = await bench.StartAsync();
        await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
        await Should.ThrowAsync<InvalidOperationException>(() => worker.StartAsync(TestContext.Current.CancellationToken));
        (await bench.Store.StatisticsAsync(TestContext.Current.CancellationToken)).Workers.Count.ShouldBe(1);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        (await bench.Store.StatisticsAsync(TestContext.Current.CancellationToken)).Workers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_timeout_ends_the_attempt_and_says_so()
    {
        StopReason? reason = null;
        HandleUntilStopped(context => reason = context.StopReason);
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note", job => job with { Timeout = TimeSpan.FromMinutes(1), MaxAttempts = 1 });
        await begun.Task.WaitAsync(Workbench.Patience);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        (await bench.UntilAsync(id, JobState.Failed)).LastError!.Type.ShouldBe("timeout");
        reason.ShouldBe(StopReason.TimedOut);
    }

    [Fact]
    public async Task A_running_job_is_cancelled_from_elsewhere()
    {
        StopReason? reason = null;
        HandleUntilStopped(context => reason = context.StopReason);
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note");
        await begun.Task.WaitAsync(Workbench.Patience);
        (await bench.Store.RequestAsync([id], JobRequest.Cancel, "by hand", TestContext.Current.CancellationToken)).ShouldBe([RequestAnswer.Signalled]);
        (await bench.UntilAsync(id, JobState.Cancelled)).CancelReason.ShouldBe("by hand");
        reason.ShouldBe(StopReason.Cancelled);
    }

    [Fact]
    public async Task A_job_claimed_ahead_is_cancelled_before_it_begins()
    {
        var begunLate = false;
        var gate = new TaskCompletionSource();
        bench.Handle("quick", _ => Task.CompletedTask);
        bench.Handle("slow", async _ =>
        {
            begun.TrySetResult();
            await gate.Task;
        });
        bench.Handle("ahead", _ =>
        {
            begunLate = true;
            return Task.CompletedTask;
        });
        // A quick job first tells the worker that claiming ahead pays; then one slot is held, and the next job waits behind it.
        await bench.StartAsync(options => options.Concurrency = 1);
        await bench.UntilAsync(await bench.EnqueueAsync("quick"), JobState.Succeeded);
        await bench.EnqueueAsync("slow");
        var ahead = await bench.EnqueueAsync("ahead");
        await begun.Task.WaitAsync(Workbench.Patience);
        await bench.UntilAsync(ahead, job => job.State is JobState.Running or JobState.Pending);
        await bench.Store.RequestAsync([ahead], JobRequest.Cancel, "by hand", TestContext.Current.CancellationToken);
        (await bench.UntilAsync(ahead, JobState.Cancelled)).Attempt.ShouldBe(0);
        gate.SetResult();
        begunLate.ShouldBeFalse();
    }

    [Fact]
    public async Task A_handler_that_ignores_its_cancellation_loses_its_slot_after_the_grace_time()
    {
        bench.Handle("deaf", async _ =>
        {
            begun.TrySetResult();
            await never.Task;
        });
        bench.Handle("next", _ => Task.CompletedTask);
        await bench.StartAsync(options =>
        {
            options.Concurrency = 1;
            options.StopGrace = TimeSpan.FromSeconds(5);
        });
        var deaf = await bench.EnqueueAsync("deaf", job => job with { Timeout = TimeSpan.FromMinutes(1), MaxAttempts = 1 });
        await begun.Task.WaitAsync(Workbench.Patience);
        var next = await bench.EnqueueAsync("next");
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Clock.Advance(TimeSpan.FromSeconds(5));
        await bench.UntilAsync(next, JobState.Succeeded);
        (await bench.JobAsync(deaf)).State.ShouldBe(JobState.Failed);
        await bench.Lines.SeenAsync(13);
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_loses_its_slot_too()
    {
        using var release = new ManualResetEventSlim();
        bench.Handle("blocking", _ =>
        {
            begun.TrySetResult();
            release.Wait();
            return Task.CompletedTask;
        });
        bench.Handle("next", _ => Task.CompletedTask);
        await bench.StartAsync(options =>
        {
            options.Concurrency = 1;
            options.StopGrace = TimeSpan.FromSeconds(5);
        });
        await bench.EnqueueAsync("blocking", job => job with { Timeout = TimeSpan.FromMinutes(1), MaxAttempts = 1 });
        await begun.Task.WaitAsync(Workbench.Patience);
        var next = await bench.EnqueueAsync("next");
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Clock.Advance(TimeSpan.FromSeconds(5));
        await bench.UntilAsync(next, JobState.Succeeded);
        release.Set();
    }

    [Fact]
    public async Task Shutdown_waits_for_what_runs_and_gives_back_what_has_not_begun()
    {
        var gate = new TaskCompletionSource();
        bench.Handle("note", async _ =>
        {
            begun.TrySetResult();
            await gate.Task;
        });
        var worker = await bench.StartAsync(options => options.Concurrency = 1);
        var first = await bench.EnqueueAsync("note");
        await begun.Task.WaitAsync(Workbench.Patience);
        var second = await bench.EnqueueAsync("note");
        var stopping = worker.StopAsync(TestContext.Current.CancellationToken);
        stopping.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await stopping;
        (await bench.JobAsync(first)).State.ShouldBe(JobState.Succeeded);
        var waiting = await bench.JobAsync(second);
        (waiting.State, waiting.Attempt).ShouldBe((JobState.Pending, 0));
        (await bench.Store.StatisticsAsync(TestContext.Current.CancellationToken)).Workers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_shutdown_cut_short_gives_back_what_runs_without_costing_an_attempt()
    {
        StopReason? reason = null;
        HandleUntilStopped(context => reason = context.StopReason);
        var worker = await bench.StartAsync();
        var id = await bench.EnqueueAsync("note", job => job with { MaxAttempts = 1 });
        await begun.Task.WaitAsync(Workbench.Patience);
        await worker.StopAsync(new CancellationToken(canceled: true));
        reason.ShouldBe(StopReason.ShuttingDown);
        var job = await bench.JobAsync(id);
        (job.State, job.Attempt, job.Failures, job.LastError).ShouldBe((JobState.Pending, 1, 0, null));
    }

    [Fact]
    public async Task A_worker_that_was_declared_dead_begins_anew_and_its_late_ends_are_refused()
    {
        var reasons = new List<StopReason>();
        var gate = new TaskCompletionSource();
        bench.Handle("note", async context =>
        {
            begun.TrySetResult();
            if (context.Attempt == 1)
                await gate.Task;
            reasons.Add(context.StopReason);
        });
        var worker = await bench.StartAsync(options => options.Lease = TimeSpan.FromSeconds(30));
        var firstLife = worker.Id;
        var id = await bench.EnqueueAsync("note");
        await begun.Task.WaitAsync(Workbench.Patience);

        // As another process would that has found its lease run out.
        bench.Store.Abandon(worker.Id!.Value);
        await bench.Store.RecoverAsync(TestContext.Current.CancellationToken);
        await bench.Lines.SeenAsync(3);
        gate.SetResult();
        await bench.Lines.SeenAsync(12);
        var job = await bench.UntilAsync(id, JobState.Succeeded);
        job.Attempt.ShouldBe(2);
        worker.Id.ShouldNotBe(firstLife);
        var log = await bench.Store.ReadAsync(0, 100, TestContext.Current.CancellationToken);
        log.Count(entry => entry.Kind == "succeeded").ShouldBe(1);
    }

    private void HandleUntilStopped(Action<JobContext> atEnd) => bench.Handle("note", async context =>
    {
        begun.TrySetResult();
        var stopped = new TaskCompletionSource();
        await using var registration = context.CancellationToken.Register(() => stopped.TrySetResult());
        await stopped.Task;
        atEnd(context);
        context.CancellationToken.ThrowIfCancellationRequested();
    });
}
