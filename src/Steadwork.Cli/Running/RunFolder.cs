using Steadwork.Machine;

namespace Steadwork.Cli.Running;

/// <summary>
/// The private folder of one process, in which its programs' outputs are captured. What a killed one left is swept by the next:
/// the lock in it alone says whether its process lives, for a process number means nothing to another container that shares the files.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string Prefix = ".steadwork-run-";

    // Of folders that are being made, and so not locked yet, or removed.
    private const string AsidePrefix = ".steadwork-aside-";

    private static readonly TimeSpan LongestAside = TimeSpan.FromHours(1);
    private readonly Lock gate = new();
    private readonly string parent;
    private string path;
    private FileLock held;

    /// <param name="parent">Where it is to be: on the file system on which outputs are kept, so that keeping one is a rename. Null for the place of temporary files.</param>
    public RunFolder(string? parent = null)
    {
        this.parent = parent ?? System.IO.Path.GetTempPath();
        Sweep(this.parent);
        (path, held) = Make();
    }

    /// <summary>Where it is. One that something has cleaned away, as it does with temporary files that nobody has touched for days, is made anew.</summary>
    public string Path
    {
        get
        {
            lock (gate)
            {
                if (!Directory.Exists(path))
                {
                    held.Dispose();
                    (path, held) = Make();
                }
                return path;
            }
        }
    }

    private (string Path, FileLock Held) Make()
    {
        var name = Guid.NewGuid().ToString("N");
        var making = WorkerFolder.Make(System.IO.Path.Combine(parent, AsidePrefix + name));
        var held = FileLock.TakeNew(LockOf(making));
        var made = System.IO.Path.Combine(parent, Prefix + name);
        Directory.Move(making, made);
        return (made, held);
    }

    private static string LockOf(string folder) => System.IO.Path.Combine(folder, "lock");

    private static void Sweep(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
            SweepIfLeft(folder);
        foreach (var folder in Directory.EnumerateDirectories(parent, AsidePrefix + "*").Where(IsOld))
            Remove(folder);
    }

    private static bool IsOld(string folder) => TimeProvider.System.GetUtcNow() - Directory.GetLastWriteTimeUtc(folder) > LongestAside;

    private static void SweepIfLeft(string folder)
    {
        // Whoever likes can make such a folder among temporary files, with a lock that leads elsewhere.
        if (new FileInfo(LockOf(folder)) is not { Exists: true, LinkTarget: null })
            return;
        try
        {
            // A lock that is gone says nothing: what cleans up after others takes a file that nobody has touched for days.
            using var free = FileLock.TryTake(LockOf(folder), make: false);
            if (free is not null)
                Remove(folder);
        }
        catch (IOException)
        {
            // Another user's, or just being removed by another start: no reason not to run.
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            var going = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(folder)!, AsidePrefix + Guid.NewGuid().ToString("N"));
            Directory.Move(folder, going);
            Directory.Delete(going, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is still there is for the next start.
        }
    }

    public void Dispose()
    {
        using (held)
            Remove(path);
    }
}
