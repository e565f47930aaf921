using System.Diagnostics;
using System.Text;
using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

public sealed class RunningTests : IAsyncLifetime
{
    private readonly Workbench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task A_job_runs_and_leaves_its_result()
    {
        bench.HandleResult("sum", _ => Task.FromResult<ReadOnlyMemory<byte>>("42"u8.ToArray()));
        await bench.StartAsync();
        var job = await bench.UntilAsync(await bench.EnqueueAsync("sum"), JobState.Succeeded);
        Encoding.UTF8.GetString(job.Result.Span).ShouldBe("42");
        job.Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task A_failing_job_is_tried_as_often_as_said_and_keeps_the_error_of_each_attempt()
    {
        var runs = 0;
        bench.Handle("note", context => throw new InvalidOperationException($"run {++runs}"), options => options.Retry = new RetrySchedule { Base = TimeSpan.Zero });
        await bench.StartAsync();
        var job = await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Failed);
        runs.ShouldBe(3);
        job.LastError!.Message.ShouldBe("run 3");
        var attempts = await bench.Store.AttemptsAsync(job.Id, TestContext.Current.CancellationToken);
        attempts.Select(attempt => attempt.Error!.Message).ShouldBe(["run 1", "run 2", "run 3"]);
        attempts[0].Error!.Stack.ShouldNotBeNull().ShouldContain(nameof(RunningTests));
    }

    /// <summary>What a program says of its jobs can be wrong in many ways; none costs a slot, which would be missed for as long as the worker lives.</summary>
    [Theory]
    [InlineData("a breaker whose look at the exception fails")]
    [InlineData("a snooze that never ends")]
    [InlineData("a timeout that no timer knows")]
    [InlineData("a log that fails")]
    public async Task Nothing_that_is_wrong_with_a_job_takes_the_slot_for_good(string wrong)
    {
        bench.Catalog.Add(new BreakerDefinition("smtp") { Counts = error => ((HttpRequestException)error).StatusCode is not null });
        bench.Handle("wrong", context =>
        {
            if (wrong.StartsWith("a snooze", StringComparison.Ordinal))
                context.SnoozeFor(TimeSpan.MaxValue);
            return wrong.StartsWith("a timeout", StringComparison.Ordinal) ? Task.CompletedTask : throw new TimeoutException("late");
        }, options => options.DependsOn.Add("smtp"));
        bench.Handle("note", _ => Task.CompletedTask);
        if (wrong.StartsWith("a log", StringComparison.Ordinal))
            bench.Lines.Fails = line => line.Contains("did not succeed", StringComparison.Ordinal);
        await bench.StartAsync(options => options.Concurrency = 1);
        var first = await bench.EnqueueAsync("wrong", job => job with { MaxAttempts = 1, Timeout = wrong.StartsWith("a timeout", StringComparison.Ordinal) ? TimeSpan.FromDays(60) : null });

        await bench.UntilAsync(first, job => job.State.IsEnded());
        await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
    }

    [Fact]
    public async Task A_retry_waits_for_its_time()
    {
        bench.Handle("note", context => context.Attempt == 1 ? throw new InvalidOperationException() : Task.CompletedTask);
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note");
        var waiting = await bench.UntilAsync(id, job => job is { State: JobState.Pending, Attempt: 1 });
        waiting.RunAt.ShouldBeGreaterThan(bench.Clock.GetUtcNow());
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        (await bench.UntilAsync(id, JobState.Succeeded)).LastError.ShouldBeNull();
    }

    [Fact]
    public async Task A_permanent_failure_is_not_retried()
    {
        bench.Handle("note", _ => throw new PermanentFailureException("no such file"));
        await bench.StartAsync();
        (await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Failed)).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task A_handler_can_have_its_job_run_later_without_costing_an_attempt()
    {
        bench.Handle("note", context =>
        {
            if (context.Attempt == 1)
                context.SnoozeFor(TimeSpan.FromHours(1));
            return Task.CompletedTask;
        });
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note", job => job with { MaxAttempts = 1 });
        (await bench.UntilAsync(id, job => job is { State: JobState.Pending, Attempt: 1 })).Failures.ShouldBe(0);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        (await bench.UntilAsync(id, JobState.Succeeded)).Attempt.ShouldBe(2);
    }

    [Fact]
    public async Task An_unknown_type_waits_and_bothers_nobody()
    {
        bench.Handle("known", _ => Task.CompletedTask);
        var unknown = await bench.EnqueueAsync("unknown");
        await bench.StartAsync();
        await bench.UntilAsync(await bench.EnqueueAsync("known"), JobState.Succeeded);
        (await bench.JobAsync(unknown)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task As_many_run_at_once_as_the_concurrency_says_and_no_more()
    {
        var gate = new TaskCompletionSource();
        using var begun = new CountdownEvent(4);
        int now = 0, most = 0;
        bench.Handle("note", async _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            if (!begun.IsSet)
                begun.Signal();
            await gate.Task;
            Interlocked.Decrement(ref now);
        });
        var ids = new List<JobId>();
        for (var job = 0; job < 20; job++)
            ids.Add(await bench.EnqueueAsync("note"));
        await bench.StartAsync();
        begun.Wait(Workbench.Patience).ShouldBeTrue();
        gate.SetResult();
        foreach (var id in ids)
            await bench.UntilAsync(id, JobState.Succeeded);
        most.ShouldBe(4);
    }

    [Fact]
    public async Task A_freed_slot_is_filled_in_the_exchange_that_frees_it_and_does_not_wait_for_the_next_poll()
    {
        // The clock stands still, so no poll ever falls due.
        bench.Handle("note", _ => Task.CompletedTask);
        var ids = new List<JobId>();
        for (var job = 0; job < 5; job++)
            ids.Add(await bench.EnqueueAsync("note"));
        await bench.StartAsync(options =>
        {
            options.Concurrency = 1;
            options.Prefetch = TimeSpan.Zero;
        });
        foreach (var id in ids)
            await bench.UntilAsync(id, JobState.Succeeded);
    }

    [Fact]
    public async Task A_worker_that_holds_nothing_takes_a_quarter_of_what_it_may_hold_and_begins_with_that()
    {
        bench.Handle("note", _ => Task.CompletedTask);
        var took = new List<int>();
        bench.Front = StoreFront.Of(bench.Store, (method, _, call) =>
        {
            var answer = call();
            if (answer is Task<Exchange> exchange && exchange.Result.Claimed.Count > 0)
                took.Add(exchange.Result.Claimed.Count);
            return answer;
        });
        await bench.StartAsync(options => (options.Concurrency, options.MaxPrefetch) = (4, 396));
        // From this it knows how short they are.
        await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
        took.Clear();

        var note = new NewJob { Type = "note", Payload = "{}"u8.ToArray() };
        var many = await bench.Store.EnqueueAsync([.. Enumerable.Repeat(note, 1000)], TestContext.Current.CancellationToken);
        await bench.UntilAsync(many[^1].Id, JobState.Succeeded);
        took[0].ShouldBe(100);
        took.Max().ShouldBeInRange(101, 400);
    }

    [Fact]
    public async Task The_trace_context_of_the_enqueuer_is_restored_around_the_handler()
    {
        var seen = new TaskCompletionSource<string?>();
        bench.Handle("note", _ =>
        {
            seen.SetResult(Activity.Current?.TraceId.ToString());
            return Task.CompletedTask;
        });
        await bench.StartAsync();
        await bench.EnqueueAsync("note", job => job with { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" });
        (await seen.Task.WaitAsync(Workbench.Patience)).ShouldBe("0af7651916cd43dd8448eb211c80319c");
    }

    [Fact]
    public async Task Progress_is_logged_under_the_lease()
    {
        var reported = false;
        bench.Handle("note", async context => reported = await context.ReportAsync("half", 1, 2));
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note");
        await bench.UntilAsync(id, JobState.Succeeded);
        reported.ShouldBeTrue();
        var log = await bench.Store.ReadAsync(0, 100, TestContext.Current.CancellationToken);
        Encoding.UTF8.GetString(log.Single(entry => entry.Kind == LogKinds.Progress).Data.Span).ShouldBe("""{"message":"half","current":1,"total":2}""");
    }
}
