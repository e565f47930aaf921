using System.Diagnostics;
using System.Globalization;

namespace Steadwork.Cli.Running;

/// <summary>The private folder of one orchestrator, in which its workers capture outputs. What a killed one left is swept by the next.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string Prefix = "steadwork-run-";

    public RunFolder()
    {
        Sweep();
        Path = Directory.CreateTempSubdirectory($"{Prefix}{Environment.ProcessId}-").FullName;
    }

    public string Path { get; }

    private static void Sweep()
    {
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && !IsAlive(process))
                Remove(folder);
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

    public void Dispose() => Remove(Path);
}
