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
    private readonly FileLock held;

    /// <param name="parent">Where it is to be: on the file system on which outputs are kept, so that keeping one is a rename. Null for the place of temporary files.</param>
    public RunFolder(string? parent = null)
    {
        parent ??= System.IO.Path.GetTempPath();
        Sweep(parent);
        var name = Guid.NewGuid().ToString("N");
        var making = WorkerFolder.Make(System.IO.Path.Combine(parent, AsidePrefix + name));
        held = FileLock.TryTake(LockOf(making)) ?? throw new IOException($"The lock file '{LockOf(making)}' is held by another process.");
        Path = System.IO.Path.Combine(parent, Prefix + name);
        Directory.Move(making, Path);
    }

    public string Path { get; }

    private static string LockOf(string folder) => System.IO.Path.Combine(folder, "lock");

    private static void Sweep(string parent)
    {
        // A lock that is gone says nothing: what cleans up after others takes a file that nobody has touched for days.
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*").Where(folder => File.Exists(LockOf(folder))))
            SweepIfLeft(folder);
        foreach (var folder in Directory.EnumerateDirectories(parent, AsidePrefix + "*").Where(IsOld))
            SweepIfLeft(folder);
    }

    private static bool IsOld(string folder) => TimeProvider.System.GetUtcNow() - Directory.GetLastWriteTimeUtc(folder) > LongestAside;

    private static void SweepIfLeft(string folder)
    {
        try
        {
            using var free = FileLock.TryTake(LockOf(folder));
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
            Remove(Path);
    }
}
