using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A worker that cannot reach its store stops what it runs when its lease ends: from then on others may run it.</summary>
public sealed class LapseTests : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private readonly Workbench bench = new();
    private readonly TaskCompletionSource<JobContext> begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StopReason> stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim renewals = new(0);
    private volatile bool cut;

    public LapseTests()
    {
        bench.Handle("mail", async context =>
        {
            begun.TrySetResult(context);
            if (context.Attempt > 1)
                return;
            using var cancelled = context.CancellationToken.Register(() => stopped.TrySetResult(context.StopReason));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        });
        bench.Front = StoreFront.Of(bench.Store, (method, _, answer) =>
        {
            if (cut && method is nameof(IStore.Renew) or nameof(IStore.ExchangeAsync))
                throw new StoreUnavailableException("cut off");
            var answered = answer();
            if (method is nameof(IStore.Renew))
                renewals.Release();
            return answered;
        });
    }

    public ValueTask DisposeAsync()
    {
        cut = false;
        return bench.DisposeAsync();
    }

    [Fact]
    public async Task What_runs_is_told_to_stop_when_the_lease_ends_and_not_before()
    {
        await BeginAsync();
        cut = true;
        bench.Clock.Advance(Lease - TimeSpan.FromMilliseconds(1));
        stopped.Task.IsCompleted.ShouldBeFalse();
        bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await stopped.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken)).ShouldBe(StopReason.LeaseLost);
        bench.Lines.All.Select(line => line.Event).ShouldContain(17);
    }

    [Fact]
    public async Task Once_it_is_back_and_was_not_missed_the_job_runs_again_and_no_attempt_was_burnt()
    {
        var job = await BeginAsync();
        cut = true;
        bench.Clock.Advance(Lease);
        await stopped.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        cut = false;
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        (await bench.UntilAsync(job, state =>
        {
            // What it does after an error it does after a pause.
            bench.Clock.Advance(TimeSpan.FromMilliseconds(500));
            return state.State is JobState.Succeeded;
        })).Failures.ShouldBe(0);
    }

    private async Task<JobId> BeginAsync()
    {
        // Nobody looks for the dead meanwhile, this worker itself included: that would be to have been missed.
        await bench.StartAsync(options => (options.Lease, options.RecoveryInterval) = (Lease, TimeSpan.FromHours(1)));
        var job = await bench.EnqueueAsync("mail");
        await begun.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        await renewals.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        return job;
    }
}
