using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text;
using Steadwork.Machine;

namespace Steadwork.Workers.Recovery;

/// <summary>
/// The process groups of the programs that a worker runs, noted in a page of memory that is also a text file: whoever finds
/// the worker dead ends them, also those that have thrown the mark away that their environment bore. A line each, of the
/// leader's process id and start time; the first line names the boot in which these mean something.
/// </summary>
internal sealed partial class ProgramGroups : IDisposable
{
    private const int LineLength = 48, SigKill = 9;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly Stack<int> free = [];
    private readonly Dictionary<int, int> lines = [];
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor page;
    private bool closed;

    /// <param name="path">The file.</param>
    /// <param name="capacity">How many programs may run at once.</param>
    public ProgramGroups(string path, int capacity)
    {
        Path = path;
        var stream = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.SetLength((capacity + 1) * LineLength);
        file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        page = file.CreateViewAccessor();
        WriteLine(0, Boot.Id);
        for (var line = capacity; line > 0; line--)
        {
            WriteLine(line, "");
            free.Push(line);
        }
        // Between its start and this note a program is known by its mark alone. The first note, made by code that has never
        // run, would take milliseconds instead of microseconds.
        Started(Environment.ProcessId);
        Ended(Environment.ProcessId);
    }

    public string Path { get; }

    /// <summary>A program has been started, as leader of a group of its own. One that finds no room is known by its mark alone.</summary>
    public void Started(int leader)
    {
        if (StartTimeOf(leader) is not { } startTime)
            return;
        lock (gate)
        {
            if (closed || !free.TryPop(out var line))
                return;
            lines[leader] = line;
            WriteLine(line, string.Create(CultureInfo.InvariantCulture, $"{leader} {startTime}"));
        }
    }

    /// <summary>The group has ended. Said before the leader is reaped, after which its number may be another's.</summary>
    public void Ended(int leader)
    {
        lock (gate)
        {
            if (closed || !lines.Remove(leader, out var line))
                return;
            WriteLine(line, "");
            free.Push(line);
        }
    }

    /// <summary>Ends the groups that a dead worker has noted, and waits until they are gone. Nothing is done about numbers that mean another process by now.</summary>
    public static void Kill(string path)
    {
        string[] noted;
        try
        {
            noted = File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return;
        }
        if (noted.Length == 0 || noted[0].Trim() != Boot.Id)
            return;
        foreach (var line in noted.Skip(1))
        {
            if (line.Trim().Split(' ') is not [var id, var startTime] || !int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var leader))
                continue;
            using var process = MarkedProcess.Open(leader);
            // Looked at after it is held by a descriptor: from then on the number is its own.
            if (process is null || StartTimeOf(leader) != startTime)
                continue;
            kill(-leader, SigKill);
            process.Signal(SigKill);
            process.WaitForEnd(EndLimit);
        }
    }

    /// <summary>When a process started, in the kernel's ticks since the boot; null when it is not there.</summary>
    private static string? StartTimeOf(int process)
    {
        const int fieldAfterName = 19;
        try
        {
            var stat = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");
            // The name, in parentheses, may hold anything.
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[fieldAfterName];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void WriteLine(int line, string text) =>
        page.WriteArray(line * LineLength, Encoding.ASCII.GetBytes(text.PadRight(LineLength - 1) + "\n"), 0, LineLength);

    public void Dispose()
    {
        lock (gate)
            closed = true;
        page.Dispose();
        file.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int kill(int processOrGroup, int signal);
}
