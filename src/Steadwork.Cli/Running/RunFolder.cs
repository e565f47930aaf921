using System.Diagnostics;
using System.Globalization;

namespace Steadwork.Cli.Running;

/// <summary>The private folder of one orchestrator, in which its workers capture outputs. What a killed one left is swept by the next.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string Prefix = ".steadwork-run-";
    private const string LockName = "lock";
    private static readonly TimeSpan MakingTime = TimeSpan.FromMinutes(1);
    private readonly FileStream claim;

    /// <param name="parent">Where it is to be: on the file system on which outputs are kept, so that keeping one is a rename. Null for the place of temporary files.</param>
    public RunFolder(string? parent = null)
    {
        Sweep(parent ?? System.IO.Path.GetTempPath());
        var name = $"{Prefix}{Environment.ProcessId}-";
        Path = parent is null
            ? Directory.CreateTempSubdirectory(name).FullName
            : Directory.CreateDirectory(System.IO.Path.Combine(parent, name + Guid.NewGuid().ToString("N"))).FullName;
        claim = new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    public string Path { get; }

    private static void Sweep(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && !IsAlive(process) && !IsClaimed(folder))
                Remove(folder);
        }
    }

    /// <summary>A process in another container shares the file system, but its number says nothing here.</summary>
    private static bool IsClaimed(string folder)
    {
        try
        {
            using var free = new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            // Just being made, or left by one that was killed in the middle of that.
            return TimeProvider.System.GetUtcNow() - Directory.GetLastWriteTimeUtc(folder) < MakingTime;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's, or just being removed by another start: no reason not to run.
        }
    }

    public void Dispose()
    {
        claim.Dispose();
        Remove(Path);
    }
}
