using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>What depends on something that is down waits, and is not spent.</summary>
public sealed class BreakerTests : IAsyncDisposable
{
    private const int Jobs = 100_000;
    private static readonly BreakerDefinition Smtp = new("smtp") { MinimumCalls = 10, BreakTime = TimeSpan.FromSeconds(30) };

    private readonly Workbench bench = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task While_a_dependency_is_down_for_ten_minutes_it_is_hardly_called_and_no_attempt_is_burnt()
    {
        var (down, calls, callsWhileDown) = (true, 0, 0);
        bench.Catalog.Add(Smtp);
        bench.Handle("mail", _ =>
        {
            Interlocked.Increment(ref calls);
            if (!Volatile.Read(ref down))
                return Task.CompletedTask;
            Interlocked.Increment(ref callsWhileDown);
            throw new HttpRequestException("503");
        }, options => options.DependsOn.Add("smtp"));
        foreach (var chunk in Enumerable.Repeat(new NewJob { Type = "mail", Payload = "{}"u8.ToArray() }, Jobs).Chunk(10_000))
            await bench.Store.EnqueueAsync(chunk, Stop);
        await bench.StartAsync();
        await bench.StartAsync();

        var open = await UntilAsync(circuit => circuit.State is BreakerState.Open);
        var untilOpen = Volatile.Read(ref calls);
        var downUntil = bench.Clock.GetUtcNow().AddMinutes(10);
        var breaks = 0;
        for (; bench.Clock.GetUtcNow() < downUntil; breaks++)
        {
            bench.Clock.Advance(Smtp.BreakTime);
            var before = open;
            open = await UntilAsync(circuit => circuit.State is BreakerState.Open && circuit.Since > before.Since);
        }
        // Each worker may have made as many calls as open it, twice where an answer of the store came between, and what was in its slots by then.
        const int UntilOpen = 2 * (10 + 10 + 4);
        untilOpen.ShouldBeLessThanOrEqualTo(UntilOpen);
        callsWhileDown.ShouldBeLessThanOrEqualTo(UntilOpen + breaks);
        breaks.ShouldBe(20);

        Volatile.Write(ref down, false);
        bench.Clock.Advance(Smtp.BreakTime);
        await UntilAsync(circuit => circuit.State is BreakerState.Closed);
        await UntilAllAsync();
        var all = await bench.Store.FindAsync(new JobQuery { Limit = Jobs }, Stop);
        all.Count.ShouldBe(Jobs);
        all.ShouldAllBe(job => job.State == JobState.Succeeded);
        // Those that opened it have failed once each; no probe was counted.
        all.Sum(job => job.Failures).ShouldBeLessThanOrEqualTo(UntilOpen);
        all.Max(job => job.Failures).ShouldBeLessThanOrEqualTo(1);
        calls.ShouldBe(Jobs + callsWhileDown);
    }

    [Fact]
    public async Task What_was_claimed_ahead_is_handed_back_when_the_breaker_opens()
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ran = 0;
        bench.Catalog.Add(new BreakerDefinition("smtp") { MinimumCalls = 1 });
        bench.Handle("mail", async _ =>
        {
            Interlocked.Increment(ref ran);
            began.TrySetResult();
            await goOn.Task;
            throw new HttpRequestException("503");
        }, options => options.DependsOn.Add("smtp"));
        var ids = new List<JobId>();
        for (var job = 0; job < 5; job++)
            ids.Add(await bench.EnqueueAsync("mail"));
        await bench.StartAsync(options => (options.Concurrency, options.Prefetch, options.MaxPrefetch) = (1, TimeSpan.FromHours(1), 4));
        await began.Task.WaitAsync(Workbench.Patience, Stop);
        goOn.SetResult();
        await UntilAsync(circuit => circuit.State is BreakerState.Open);

        foreach (var id in ids[1..])
            (await bench.UntilAsync(id, JobState.Pending)).ShouldSatisfyAllConditions(job => job.Attempt.ShouldBe(0), job => job.Failures.ShouldBe(0));
        ran.ShouldBe(1);
    }

    [Fact]
    public async Task Only_chosen_errors_speak_of_the_dependency()
    {
        bench.Catalog.Add(new BreakerDefinition("smtp") { MinimumCalls = 1, Counts = error => error is HttpRequestException });
        bench.Handle("mail", _ => throw new FormatException("no address"), options => options.DependsOn.Add("smtp"));
        await bench.StartAsync();
        await bench.UntilAsync(await bench.EnqueueAsync("mail", job => job with { MaxAttempts = 1 }), JobState.Failed);

        var breaker = (await bench.Store.BreakersAsync(Stop)).Single();
        (breaker.Circuit.State, breaker.Window).ShouldBe((BreakerState.Closed, default), "it tells nothing of the dependency");
    }

    [Fact]
    public async Task A_failure_that_a_handler_declares_permanent_lies_in_the_job()
    {
        bench.Catalog.Add(new BreakerDefinition("smtp") { MinimumCalls = 1 });
        bench.Handle("mail", _ => throw new PermanentFailureException("no address"), options => options.DependsOn.Add("smtp"));
        await bench.StartAsync();
        await bench.UntilAsync(await bench.EnqueueAsync("mail"), JobState.Failed);

        var breaker = (await bench.Store.BreakersAsync(Stop)).Single();
        (breaker.Circuit.State, breaker.Window).ShouldBe((BreakerState.Closed, default), "it tells nothing of the dependency");
    }

    [Fact]
    public async Task A_probe_that_never_came_to_the_call_does_not_close_it()
    {
        var calls = 0;
        bench.Catalog.Add(Smtp with { MinimumCalls = 1 });
        bench.Handle("mail", _ => Interlocked.Increment(ref calls) > 0 ? throw new HttpRequestException("503") : Task.CompletedTask, options => options.DependsOn.Add("smtp"));
        bench.Handle("without address", _ => throw new PermanentFailureException("no address"), options => options.DependsOn.Add("smtp"));
        await bench.StartAsync(options => options.Concurrency = 1);
        await bench.EnqueueAsync("mail");
        await UntilAsync(circuit => circuit.State is BreakerState.Open);
        var broken = await bench.EnqueueAsync("without address", job => job with { Priority = 1 });
        bench.Clock.Advance(Smtp.BreakTime);

        await bench.UntilAsync(broken, JobState.Failed);

        (await bench.Store.BreakersAsync(Stop)).Single().Circuit.State.ShouldNotBe(BreakerState.Closed);
        calls.ShouldBe(1);
    }

    /// <summary>The oldest job would be the probe each time, and fail each time, however well the dependency is.</summary>
    [Fact]
    public async Task A_job_that_always_fails_does_not_keep_the_breaker_open_for_the_others()
    {
        bench.Catalog.Add(Smtp with { MinimumCalls = 1 });
        bench.Handle("poison", _ => throw new HttpRequestException("500"), options => options.DependsOn.Add("smtp"));
        bench.Handle("mail", _ => Task.CompletedTask, options => options.DependsOn.Add("smtp"));
        await bench.EnqueueAsync("poison", job => job with { MaxAttempts = 2 });
        await bench.StartAsync(options => options.Concurrency = 1);
        await UntilAsync(circuit => circuit.State is BreakerState.Open);
        await bench.EnqueueAsync("mail");

        // Each break ends with a probe: of the mail, once the other waits for longer than a break.
        await bench.UntilAsync(async () =>
        {
            // Half-open, a probe is under way: a break later another would be let through beside it.
            if ((await bench.Store.BreakersAsync(Stop)).Single().Circuit.State is BreakerState.Open)
                bench.Clock.Advance(Smtp.BreakTime);
            return (await bench.Store.StatisticsAsync(Stop)).Lanes.Sum(lane => lane.Counts.Succeeded) == 1;
        });
        // The other may have opened it again since.
        await bench.UntilAsync(async () => (await bench.Store.ReadAsync(0, int.MaxValue, Stop)).Any(entry => entry.Kind == LogKinds.BreakerClosed));
    }

    /// <summary>Old and new versions of a program side by side: what counts is what the one that started last has said.</summary>
    [Fact]
    public async Task What_a_store_lets_through_is_run_and_not_given_back_by_a_program_that_would_wait()
    {
        bench.Catalog.Add(new BreakerDefinition("smtp") { BreakTime = TimeSpan.FromDays(1) });
        bench.Handle("mail", _ => Task.CompletedTask, options => options.DependsOn.Add("smtp"));
        await bench.StartAsync();
        await bench.Store.StartWorkerAsync(new WorkerStart("another version", ["elsewhere"], ["mail"], 1, TimeSpan.FromMinutes(1)) { TypeBreakers = [new TypeBreakers("mail", [])] }, Stop);
        await bench.Store.SwitchBreakerAsync("smtp", open: true, "test", Stop);

        var id = await bench.EnqueueAsync("mail");

        await bench.UntilAsync(id, JobState.Succeeded);
        (await bench.Store.ReadAsync(0, 100, Stop)).Where(entry => entry.Job == id).Select(entry => entry.Kind).ShouldBe(["enqueued", "claimed", "succeeded"]);
    }

    private async Task<Circuit> UntilAsync(Func<Circuit, bool> wanted)
    {
        Circuit found = default;
        await bench.UntilAsync(async () => (await bench.Store.BreakersAsync(Stop)) is [var breaker] && wanted(found = breaker.Circuit));
        return found;
    }

    private Task UntilAllAsync() => bench.UntilAsync(async () =>
    {
        // Those that failed wait for their retry.
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        return (await bench.Store.StatisticsAsync(Stop)).Lanes.Single().Counts.Succeeded == Jobs;
    });
}
