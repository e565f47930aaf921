using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Steadwork.Workers.Recovery;

/// <summary>
/// Finds processes by an entry of their environment, which children inherit whatever session or group they make for
/// themselves. A process that was started with a clean environment, or has written over its own, is not found; nor is
/// any where there is no /proc.
/// </summary>
internal static partial class MarkedProcesses
{
    private const int SigKill = 9;
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int CleanLooks = 2, LooksDuringExec = 5;

    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Ends, by SIGKILL, every process but this one whose environment holds NAME=VALUE, until none is left alive or
    /// 5 s have passed. Returns how many were killed.
    /// </summary>
    public static int Kill(string name, string value)
    {
        long start = Stopwatch.GetTimestamp();
        int killed = 0;

        // One look can miss a process that was forked behind it, with a lower id after the ids had wrapped around.
        for (int clean = 0; clean < CleanLooks && Stopwatch.GetElapsedTime(start) < s_killLimit;)
        {
            List<MarkedProcess> found = Find(name, value);
            clean = found.Count == 0 ? clean + 1 : 0;
            found.ForEach(process => process.Signal(SigKill));
            foreach (MarkedProcess process in found)
            {
                killed += process.WaitForEnd(s_killLimit - Stopwatch.GetElapsedTime(start)) ? 1 : 0;
                process.Dispose();
            }
        }

        return killed;
    }

    /// <summary>The processes alive now, but this one, whose environment holds NAME=VALUE. The caller disposes them.</summary>
    public static List<MarkedProcess> Find(string name, string value)
    {
        var found = new List<MarkedProcess>();
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/proc/self"))
        {
            return found;
        }

        byte[] entry = Encoding.UTF8.GetBytes($"{name}={value}");
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && id != Environment.ProcessId
                && MarkedProcess.Open(id) is { } process)
            {
                if (IsMarked(directory, entry, process))
                {
                    found.Add(process);
                }
                else
                {
                    process.Dispose();
                }
            }
        }

        return found;
    }

    // Amid exec a process shows an empty environment for a moment. Kernel threads and zombies, which always do, have no
    // executable.
    private static bool IsMarked(string directory, ReadOnlySpan<byte> entry, MarkedProcess process)
    {
        for (int look = 0; look < LooksDuringExec; look++)
        {
            byte[] environment = ReadAll(directory + "/environ");
            if (environment.Length > 0)
            {
                return Holds(environment, entry);
            }

            if (!HasExecutable(directory) || process.WaitForEnd(TimeSpan.FromMilliseconds(1)))
            {
                return false;
            }
        }

        return false;
    }

    private static bool Holds(ReadOnlySpan<byte> environment, ReadOnlySpan<byte> entry)
    {
        foreach (Range range in environment.Split((byte)0))
        {
            if (environment[range].SequenceEqual(entry))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasExecutable(string directory)
    {
        try
        {
            return new FileInfo(directory + "/exe").LinkTarget is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Through File, every process of another user would cost an exception.
    private static byte[] ReadAll(string path)
    {
        int descriptor = Open(path, ReadOnlyCloseOnExec);
        if (descriptor < 0)
        {
            return [];
        }

        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        byte[] bytes = new byte[8192];
        int length = 0;
        try
        {
            while (RandomAccess.Read(file, bytes.AsSpan(length), length) is > 0 and int read)
            {
                length += read;
                if (length == bytes.Length)
                {
                    Array.Resize(ref bytes, bytes.Length * 2);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return bytes[..length];
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}

/// <summary>A process held by a descriptor, so that no signal can reach another process that has got its id since.</summary>
internal sealed partial class MarkedProcess : IDisposable
{
    private const nint PidfdOpen = 434, PidfdSendSignal = 424;
    private const short PollIn = 1;

    private readonly SafeFileHandle _descriptor;

    private MarkedProcess(int id, nint descriptor)
    {
        Id = id;
        _descriptor = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    public int Id { get; }

    public static MarkedProcess? Open(int id)
    {
        nint descriptor = SystemCall(PidfdOpen, id, 0, 0, 0);
        return descriptor < 0 ? null : new MarkedProcess(id, descriptor);
    }

    public void Signal(int signal) => SystemCall(PidfdSendSignal, _descriptor.DangerousGetHandle(), signal, 0, 0);

    /// <summary>Whether it has ended (a zombie has) within the limit.</summary>
    public bool WaitForEnd(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        var entry = new PollEntry { Descriptor = (int)_descriptor.DangerousGetHandle(), Events = PollIn };
        while (true)
        {
            double left = Math.Ceiling((limit - Stopwatch.GetElapsedTime(start)).TotalMilliseconds);
            if (Poll(ref entry, 1, (int)Math.Clamp(left, 0, int.MaxValue)) > 0)
            {
                return true;
            }

            // A signal to us cuts the wait short.
            if (left <= 0)
            {
                return false;
            }
        }
    }

    public void Dispose() => _descriptor.Dispose();

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entry, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
