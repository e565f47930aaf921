using Shouldly;
using Steadwork.Storage;
using Steadwork.Workers;
using Steadwork.Workers.Renewing;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A worker that cannot reach its store stops what it runs when its lease ends: from then on others may run it.</summary>
public sealed class LapseTests : IAsyncDisposable
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private readonly Workbench bench = new();
    private readonly TaskCompletionSource<JobContext> begun = new(TaskCreationOptions.RunContinuationsAsynchronously), begunAgain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StopReason> stopped = new(TaskCreationOptions.RunContinuationsAsynchronously), stoppedAgain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int renewals;
    private volatile bool cut, lost, runsOn;

    public LapseTests()
    {
        bench.Handle("mail", async context =>
        {
            (context.Attempt > 1 ? begunAgain : begun).TrySetResult(context);
            if (context.Attempt > 1 && !runsOn)
                return;
            using var cancelled = context.CancellationToken.Register(() => (context.Attempt > 1 ? stoppedAgain : stopped).TrySetResult(context.StopReason));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        });
        bench.Front = StoreFront.Of(bench.Store, (method, _, answer) =>
        {
            if ((cut && method is nameof(IStore.Renew) or nameof(IStore.ExchangeAsync)) || (lost && method is nameof(IStore.Renew)))
                throw new StoreUnavailableException("cut off");
            if (method is not nameof(IStore.Renew))
                return answer();
            Interlocked.Increment(ref renewals);
            if (answer() is Renewal { Alive: true } renewed)
                return renewed;
            lost = true;
            return new Renewal(false, []);
        });
    }

    public ValueTask DisposeAsync()
    {
        cut = lost = false;
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

    [Fact]
    public async Task What_runs_in_its_next_life_is_told_to_stop_when_that_lease_ends()
    {
        runsOn = true;
        await BeginAsync();
        cut = true;
        bench.Clock.Advance(Lease + TimeSpan.FromMilliseconds(1));
        await stopped.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        (await bench.Store.RecoverAsync(TestContext.Current.CancellationToken)).Count.ShouldBe(1);
        cut = false;
        // Has it ask at once whether it is alive.
        await bench.Store.RequestAsync([await bench.EnqueueAsync("unknown")], JobRequest.Cancel, "test", TestContext.Current.CancellationToken);
        await begunAgain.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);

        // Not one renewal of the next life has gone through.
        bench.Clock.Advance(Lease - TimeSpan.FromMilliseconds(1));
        stoppedAgain.Task.IsCompleted.ShouldBeFalse();
        bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await stoppedAgain.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken)).ShouldBe(StopReason.LeaseLost);
    }

    [Fact]
    public async Task A_lease_that_has_just_begun_is_not_renewed()
    {
        // Each renewal holds the store's lock for a moment, and in a run of short programs a process begins as often as a job.
        await BeginAsync();
        Volatile.Read(ref renewals).ShouldBe(0);
    }

    [Fact]
    public async Task What_was_said_of_a_lease_that_is_over_is_not_said_again()
    {
        // By a worker that drains and has been missed: it gets no new life, and its heartbeat had nothing to do but to ask for this one.
        var session = await bench.Store.StartWorkerAsync(new WorkerStart("test", ["default"], ["mail"], 1, Lease), TestContext.Current.CancellationToken);
        var life = new Incarnation(session, Lease, bench.Clock);
        var mourner = new Mourner();
        using var renewal = new LeaseRenewal(
            StoreFront.Of(bench.Store, (_, _, _) => new Renewal(false, [new Cancellation(new JobId(1), new LeaseToken(1), "seen after the rest")])),
            new WorkerOptions { Lease = Lease }, bench.Clock, () => life, mourner, bench.Lines.CreateLogger("test"));
        using var letsGo = mourner;
        bench.Clock.Advance(Lease + TimeSpan.FromSeconds(2));
        mourner.Lapses.ShouldBe(1);
        renewal.Start();
        renewal.Wake();
        await mourner.Heard.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        mourner.Lapses.ShouldBe(1);
    }

    private sealed class Mourner : IRenewalListener, IDisposable
    {
        private readonly TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim over = new();

        public int Lapses { get; private set; }

        public Task Heard => heard.Task;

        public void Lost(Incarnation incarnation)
        {
        }

        public void Lapsed(Incarnation lapsed) => Lapses++;

        public void Cancel(Cancellation cancellation)
        {
            // Keeps the heartbeat where it is.
            heard.TrySetResult();
            over.Wait(Workbench.Patience);
        }

        public void Dispose() => over.Set();
    }

    private async Task<JobId> BeginAsync()
    {
        // Nobody looks for the dead meanwhile, this worker itself included: that would be to have been missed.
        await bench.StartAsync(options => (options.Lease, options.RecoveryInterval) = (Lease, TimeSpan.FromHours(1)));
        var job = await bench.EnqueueAsync("mail");
        await begun.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        return job;
    }
}
