using System.Globalization;
using System.Runtime.InteropServices;

namespace Steadwork.Soak;

/// <summary>Processes of this machine, by /proc, and signals to them.</summary>
public static partial class Processes
{
    public const int SigKill = 9;
    public const int SigCont = 18;
    public const int SigStop = 19;

    /// <summary>The living children of a process.</summary>
    public static List<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && ParentOf(process) == parent)
                children.Add(process);
        }
        return children;
    }

    /// <summary>The words by which a process was started; empty when it has gone.</summary>
    public static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    public static bool IsAlive(int process) => ParentOf(process) is not null;

    /// <summary>Sends a signal; a process that has gone takes none.</summary>
    public static void Signal(int process, int signal) => _ = kill(process, signal);

    /// <summary>The parent of a process; null when it has gone or only waits to be reaped.</summary>
    private static int? ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : int.Parse(fields[1], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
