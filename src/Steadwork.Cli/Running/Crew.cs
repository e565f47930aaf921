using Steadwork.Cli.Shell;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Running;

/// <summary>The worker processes of a run: as many as wanted, each replaced when it dies.</summary>
internal sealed class Crew(RunSpec spec, int size, IJobStore store, Action changed) : IDisposable
{
    private const int HopelessStarts = 5;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    private readonly List<WorkerProcess> workers = [];
    private int diedUnready;
    private bool leaving;

    public int Alive => workers.Count(worker => !worker.HasExited);

    /// <summary>How many have died and been replaced.</summary>
    public int Replaced { get; private set; }

    public void Start()
    {
        while (workers.Count < size)
            workers.Add(WorkerProcess.Start(spec, changed));
    }

    /// <summary>Recovers and replaces those that have died.</summary>
    /// <exception cref="StoreRetiredException">The store takes no more work: they have ended for that, and others could not start.</exception>
    /// <exception cref="Refusal">They die before they get to work, again and again.</exception>
    public async Task MendAsync()
    {
        var dead = workers.FindAll(worker => worker.HasExited);
        if (dead.Count == 0)
            return;
        foreach (var worker in dead)
        {
            // One that was killed says nothing about the next; one that gave up by itself does.
            diedUnready = worker.WasReady || worker.WasKilled ? 0 : diedUnready + 1;
            workers.Remove(worker);
            worker.Dispose();
        }
        // At once: the items of the dead must not wait for somebody to look.
        await store.RecoverAsync(CancellationToken.None).ConfigureAwait(false);
        if (leaving)
            return;
        if (store is ICopyableStore copyable && await copyable.RetirementAsync(CancellationToken.None).ConfigureAwait(false) is { } retirement)
            throw new StoreRetiredException(copyable.Place, retirement);
        if (diedUnready >= HopelessStarts)
            throw new Refusal($"{diedUnready} worker processes in a row ended before they could begin; see their messages above.", ExitStatus.WorkFailed);
        Replaced += dead.Count;
        Start();
    }

    /// <summary>Has all finish what they run.</summary>
    public void Drain()
    {
        leaving = true;
        foreach (var worker in workers)
            worker.Drain();
    }

    /// <summary>Has all end at once, giving back what they run.</summary>
    public void Stop()
    {
        leaving = true;
        foreach (var worker in workers)
            worker.Stop();
    }

    public void Dispose()
    {
        Stop();
        foreach (var worker in workers)
        {
            // One that does not hear must not outlive the run; what it held is recovered like a dead worker's.
            using var patience = new CancellationTokenSource(StopPatience, TimeProvider.System);
            try
            {
                worker.WaitAsync(patience.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                worker.Kill();
            }
            worker.Dispose();
        }
    }
}
