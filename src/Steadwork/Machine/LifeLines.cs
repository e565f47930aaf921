using System.Collections.Concurrent;
using Steadwork.Storage;
using Steadwork.Workers;
using Steadwork.Workers.Recovery;

namespace Steadwork.Machine;

/// <summary>The locks by which the processes of one machine see at once that a worker has died.</summary>
internal sealed class LifeLines(WorkerFolder folder) : IDisposable
{
    private readonly ConcurrentDictionary<WorkerId, (FileLock Lock, StartMarks Marks)> own = [];

    /// <summary>Ties a worker to this process.</summary>
    public IStartMarks Tie(WorkerId worker, int capacity)
    {
        var marks = folder.MakeFirst(() => new StartMarks(folder.MarksOf(worker), capacity));
        // Locked under another name first: a lock file that appears under its own name unlocked would look like a dead worker's.
        var making = folder.LockOf(worker) + ".new";
        var held = FileLock.TakeNew(making);
        File.Move(making, folder.LockOf(worker), overwrite: true);
        own[worker] = (held, marks);
        return marks;
    }

    /// <summary>
    /// The workers whose process has gone, each with its lock, now ours: nobody else can be recovering it. A lock is taken
    /// when its turn comes, so that none stays taken, and its worker unrecovered, when an earlier one's recovery fails.
    /// </summary>
    public IEnumerable<(WorkerId Worker, FileLock Lock)> TakeDead()
    {
        foreach (var worker in folder.Workers())
        {
            if (!own.ContainsKey(worker) && FileLock.TryTake(folder.LockOf(worker), make: false) is { } taken)
                yield return (worker, taken);
        }
    }

    /// <summary>Whether the worker's process has gone.</summary>
    public bool HasDied(WorkerId worker)
    {
        if (own.ContainsKey(worker))
            return false;
        using var taken = FileLock.TryTake(folder.LockOf(worker), make: false);
        return taken is not null;
    }

    public bool IsOwn(WorkerId worker) => own.ContainsKey(worker);

    /// <summary>Where a worker notes the process groups of its programs.</summary>
    public string ProgramsOf(WorkerId worker) => folder.ProgramsOf(worker);

    /// <summary>Ends the programs that a dead worker has left, as far as this machine has them.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="identity">What its programs bear as <see cref="WorkerIdentity.Variable"/>.</param>
    public void EndPrograms(WorkerId worker, string identity)
    {
        ProgramGroups.Kill(folder.ProgramsOf(worker));
        MarkedProcesses.Kill(WorkerIdentity.Variable, identity);
    }

    public IReadOnlyDictionary<LeaseToken, bool>? MarksOf(WorkerId worker) => StartMarks.Read(folder.MarksOf(worker));

    /// <summary>Removes what is left of a worker that has ended or been recovered.</summary>
    public void Cut(WorkerId worker)
    {
        folder.Remove(worker);
        Untie(worker);
    }

    /// <summary>Lets go of a worker of this process as its death would: lock free, marks left.</summary>
    public void Untie(WorkerId worker)
    {
        if (!own.TryRemove(worker, out var line))
            return;
        line.Marks.Dispose();
        line.Lock.Dispose();
    }

    public void Dispose()
    {
        foreach (var worker in own.Keys)
            Untie(worker);
    }
}
