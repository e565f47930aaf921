using Steadwork.Cli.Programs;
using Steadwork.Workers;
using Steadwork.Workers.Recovery;

namespace Steadwork.Cli.Running;

/// <summary>See to it that the death of this process is the death of the programs that it runs as jobs.</summary>
/// <param name="concurrency">How many programs run at once.</param>
internal sealed class ProgramWatches(int concurrency) : IDisposable
{
    // Programs that ignore their end may run on beside those that have got their slots.
    private readonly int mostGroups = 2 * concurrency + 8;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Watch> watches = [];
    private string? latest;

    /// <summary>The guard of one life of a worker, what it goes by, and how many programs it now guards.</summary>
    private sealed record Watch(ProgramGuard Guard, ProgramGroups? Groups) : IDisposable
    {
        public int Programs { get; set; }

        public void Dispose()
        {
            Guard.Dispose();
            Groups?.Dispose();
        }
    }

    /// <summary>The time over which one program is watched.</summary>
    internal readonly struct Stretch(ProgramWatches watches, string identity, ProgramGroups? groups) : IDisposable
    {
        /// <summary>Where its process group is noted; null where there is no such place.</summary>
        public ProgramGroups? Groups => groups;

        public void Dispose() => watches.Leave(identity);
    }

    /// <summary>Watches over the program of an attempt. The first one of a worker's life gets that life a guard.</summary>
    /// <exception cref="ProgramNotStarted">There is no shell for the guard, or no resources.</exception>
    public Stretch Over(JobContext context)
    {
        var identity = context.WorkerIdentity;
        lock (gate)
        {
            if (!watches.TryGetValue(identity, out var watch))
            {
                var groups = context.ProgramsFile is { } file ? new ProgramGroups(file, mostGroups) : null;
                watches[identity] = watch = new Watch(ProgramGuard.Start(WorkerIdentity.Variable, identity, groups?.Path), groups);
                latest = identity;
            }
            watch.Programs++;
            return new Stretch(this, identity, watch.Groups);
        }
    }

    /// <summary>Dismisses the guards of earlier lives of the worker, once they guard nothing.</summary>
    private void Leave(string identity)
    {
        lock (gate)
        {
            watches[identity].Programs--;
            foreach (var (earlier, watch) in watches)
            {
                if (earlier == latest || watch.Programs > 0)
                    continue;
                watches.Remove(earlier);
                watch.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (var watch in watches.Values)
            watch.Dispose();
    }
}
