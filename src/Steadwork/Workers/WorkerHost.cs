using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Steadwork.Storage;
using Steadwork.Storage.Copying;
using Steadwork.Workers.Pruning;
using Steadwork.Workers.Recovery;
using Steadwork.Workers.Renewing;
using Steadwork.Workers.Running;
using Steadwork.Workers.Scheduling;

namespace Steadwork.Workers;

/// <summary>A worker: claims jobs, runs them, keeps its lease, recovers the jobs of workers that have died, and prunes what has had its time.</summary>
public sealed class WorkerHost : IAsyncDisposable, IRenewalListener
{
    private const int MostReservedThreads = 256;

    private readonly IStore store;
    private readonly WorkerParts parts;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly List<Incarnation> lostLives = [];
    private readonly TaskCompletionSource<StoreRetiredException> retired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Incarnation? incarnation;
    private Incarnation? mourned;
    private RunningLoop? running;
    private LeaseRenewal? renewal;
    private RecoveryLoop? recovery;
    private SchedulingLoop? scheduling;
    private PruningLoop? pruning;
    private IDisposable? wakeUps;
    private bool stopped;

    /// <param name="store">Where the jobs are.</param>
    /// <param name="catalog">The job types that it runs.</param>
    /// <param name="options">How it works.</param>
    /// <param name="scopes">Makes the scope of each attempt; null runs handlers without services.</param>
    /// <param name="loggers">Makes its loggers; null logs nothing.</param>
    /// <param name="clock">Its clock; null takes the system's.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    public WorkerHost(IStore store, JobCatalog catalog, WorkerOptions options, IServiceScopeFactory? scopes = null, ILoggerFactory? loggers = null, TimeProvider? clock = null)
    {
        options.Validate();
        loggers ??= NullLoggerFactory.Instance;
        logger = loggers.CreateLogger<WorkerHost>();
        this.store = store;
        parts = new WorkerParts(catalog, options, store, clock ?? TimeProvider.System, scopes, logger, loggers.CreateLogger("Steadwork.Job"));
    }

    /// <summary>The number of its present life; null before it has started.</summary>
    public WorkerId? Id => incarnation?.Id;

    /// <summary>How many handlers are running.</summary>
    public int RunningJobs => running?.Running.Count ?? 0;

    /// <summary>Done once the store has signed this worker off and refuses to have it back, with what it says. The worker keeps asking, in case the store is taken back into service.</summary>
    internal Task<StoreRetiredException> WhenRetired => retired.Task;

    /// <summary>Asked before each attempt; null lets all begin.</summary>
    internal IStartGate? StartGate
    {
        init => parts.StartGate = value;
    }

    /// <summary>Registers the worker and begins to work. One that was stopped may be started again.</summary>
    /// <exception cref="InvalidOperationException">It works already.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (running is not null && !stopped)
            throw new InvalidOperationException("The worker works already; stop it before it is started again.");
        ReserveThreads(parts.Options.Concurrency);
        incarnation = await BeginLifeAsync(cancellationToken).ConfigureAwait(false);
        stopped = false;
        scheduling = new SchedulingLoop(store, logger);
        running = new RunningLoop(store, parts, () => incarnation, scheduling.Heard);
        renewal = new LeaseRenewal(store, parts.Options, parts.Clock, () => incarnation, this, logger);
        recovery = new RecoveryLoop(store, parts.Options.RecoveryInterval, EndLostLives, logger);
        pruning = new PruningLoop(store, parts.Clock, Random.Shared.NextDouble, logger);
        parts.OnLeaseInDoubt = renewal.Wake;
        wakeUps = store.Listen(WakeUp.Jobs | WakeUp.Cancellations, OnWakeUp);
        recovery.Start();
        scheduling.Start();
        pruning.Start();
        renewal.Start();
        running.Start();
    }

    /// <summary>
    /// Drains: claims no more, gives back what has not begun, and waits for what runs. What still runs after
    /// <see cref="WorkerOptions.DrainTime"/>, or once the token is cancelled, is told to stop and given back without costing an attempt.
    /// </summary>
    /// <param name="cancellationToken">Cuts the drain short.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (running is null || stopped)
            return;
        stopped = true;
        running.Close();
        if (!await IdleAsync(parts.Options.DrainTime, cancellationToken).ConfigureAwait(false))
        {
            StopAll(StopReason.ShuttingDown);
            await IdleAsync(parts.Options.StopGrace, CancellationToken.None).ConfigureAwait(false);
            foreach (var run in running.Running)
                run.Abandon();
            await IdleAsync(TimeSpan.FromSeconds(10), CancellationToken.None).ConfigureAwait(false);
        }
        wakeUps?.Dispose();
        running.Dispose();
        scheduling?.Dispose();
        recovery?.Dispose();
        pruning?.Dispose();
        renewal?.Dispose();
        await store.EndWorkerAsync(incarnation!.Id, CancellationToken.None).ConfigureAwait(false);
        logger.WorkerStopped(incarnation.Id);
    }

    /// <summary>Stops as <see cref="StopAsync"/> does, without waiting for what runs.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(new CancellationToken(canceled: true)));

    /// <summary>Has the next step of pruning begin now.</summary>
    internal void PruneNow() => pruning?.Wake();

    void IRenewalListener.Lost(Incarnation lost)
    {
        lock (gate)
        {
            if (lost != incarnation || stopped)
                return;
            // Not each time that the store refuses to have it back.
            if (mourned != lost)
            {
                mourned = lost;
                lost.Lost();
                lostLives.Add(lost);
                logger.WorkerLost(lost.Id, parts.Options.Lease, RunningJobs);
                StopAll(StopReason.LeaseLost);
            }
            try
            {
                incarnation = BeginLifeAsync(CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (StoreRetiredException error)
            {
                retired.TrySetResult(error);
                throw;
            }
        }
        running?.Ring();
    }

    void IRenewalListener.Lapsed(Incarnation lapsed)
    {
        if (lapsed.Holds || running is null)
            return;
        logger.LeaseLapsed(lapsed.Id, parts.Options.Lease, RunningJobs);
        StopAll(StopReason.LeaseLost);
    }

    void IRenewalListener.Cancel(Cancellation cancellation) =>
        running?.Cancel(cancellation.Lease, cancellation.Reason);

    /// <summary>Lets go of lives that were declared dead, once nothing that was claimed in them is left: until then their lock and marks are needed.</summary>
    private void EndLostLives()
    {
        Incarnation[] over;
        lock (gate)
            over = [.. lostLives.Where(life => life.HoldsNothing)];
        foreach (var life in over)
        {
            store.EndWorkerAsync(life.Id, CancellationToken.None).GetAwaiter().GetResult();
            lock (gate)
                lostLives.Remove(life);
        }
    }

    private async Task<Incarnation> BeginLifeAsync(CancellationToken cancellationToken)
    {
        var options = parts.Options;
        var types = parts.Catalog.Runnable;
        var askedAt = parts.Clock.GetTimestamp();
        var session = await store.StartWorkerAsync(
            new WorkerStart(options.Name, options.ServedQueues, types, RunningLoop.Capacity(options), options.Lease) { Tags = options.OwnTags, Rule = options.ClaimRule, Breakers = parts.Catalog.Breakers, TypeBreakers = parts.Catalog.TypeBreakers },
            cancellationToken).ConfigureAwait(false);
        logger.WorkerStarted(session.Id, options.Name, string.Join(", ", options.ServedQueues), string.Join(", ", types), options.Concurrency);
        var life = new Incarnation(session, options.Lease, parts.Clock);
        life.Renewed(askedAt);
        return life;
    }

    private void OnWakeUp(WakeUp kinds)
    {
        if (kinds.HasFlag(WakeUp.Jobs))
        {
            running?.Ring();
            scheduling?.Ring();
        }
        if (kinds.HasFlag(WakeUp.Cancellations))
            renewal?.Wake();
    }

    private void StopAll(StopReason reason)
    {
        foreach (var run in running!.Running)
            run.Stop(reason);
    }

    private async Task<bool> IdleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await running!.WhenIdle.WaitAsync(limit, parts.Clock, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// A handler may block its thread. The pool adds threads too slowly for that: without this a worker would take
    /// seconds to reach its concurrency.
    /// </summary>
    private static void ReserveThreads(int concurrency)
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Math.Min(concurrency, MostReservedThreads) + Environment.ProcessorCount), ports);
    }
}
