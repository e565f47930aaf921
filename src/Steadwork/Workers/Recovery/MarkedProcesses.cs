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
internal static class MarkedProcesses
{
    private const int SigKill = 9, CleanLooks = 3, LooksDuringExec = 1000, EmptyAuxiliaryVector = 16;

    private static readonly TimeSpan s_killLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Ends, by SIGKILL, every process but this one whose environment holds NAME=VALUE, until none is left alive or
    /// 5 s have passed. Returns how many were killed.
    /// </summary>
    public static int Kill(string name, string value)
    {
        long start = Stopwatch.GetTimestamp();
        int killed = 0;

        // One look can miss a process that was forked after it began.
        for (int clean = 0; clean < CleanLooks && Stopwatch.GetElapsedTime(start) < s_killLimit;)
        {
            var found = new List<MarkedProcess>();
            foreach (MarkedProcess process in Find(name, value))
            {
                // At once: at the end of the look it may have handed over to a child.
                process.Signal(SigKill);
                found.Add(process);
            }

            clean = found.Count == 0 ? clean + 1 : 0;
            foreach (MarkedProcess process in found)
            {
                killed += process.WaitForEnd(s_killLimit - Stopwatch.GetElapsedTime(start)) ? 1 : 0;
                process.Dispose();
            }
        }

        return killed;
    }

    /// <summary>The living processes, but this one, that bear NAME=VALUE, each as it is found. The caller disposes them.</summary>
    public static IEnumerable<MarkedProcess> Find(string name, string value)
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/proc/self"))
        {
            yield break;
        }

        byte[] entry = Encoding.UTF8.GetBytes($"{name}={value}");
        foreach (int id in Ids())
        {
            MarkedProcess? process = MarkedProcess.Open(id);
            if (process is not null && IsMarked(id, entry, process))
            {
                yield return process;
            }
            else
            {
                process?.Dispose();
            }
        }
    }

    // Highest first, as these are mostly the youngest: one that hands over to a child and goes would be gone before a
    // look from below came to it.
    private static IEnumerable<int> Ids() =>
        Directory.EnumerateDirectories("/proc")
            .Select(static path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0)
            .Where(static id => id > 0 && id != Environment.ProcessId)
            .OrderDescending();

    // Amid exec, which on a busy machine can last, a process shows an empty environment. It truly is empty if the
    // auxiliary vector, which the kernel fills just before and each exec anew, was there and the same on both sides.
    private static bool IsMarked(int id, ReadOnlySpan<byte> entry, MarkedProcess process)
    {
        byte[] before = [];
        for (int look = 0; look < LooksDuringExec; look++)
        {
            byte[]? environment = Read($"/proc/{id}/environ");
            if (environment is null or { Length: > 0 })
            {
                return Holds(environment, entry);
            }

            byte[] after = Read($"/proc/{id}/auxv") ?? [];
            bool settled = after.Length > EmptyAuxiliaryVector && after.AsSpan().SequenceEqual(before);
            if (settled || IsKernelThread(id) || process.WaitForEnd(TimeSpan.FromMilliseconds(1)))
            {
                return false;
            }

            before = after;
        }

        return false;
    }

    private static bool IsKernelThread(int id) => new FileInfo($"/proc/{id}/exe").LinkTarget is null;

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

    // Null for what is not ours to read, or gone. In one call, as between two an exec can take the rest away.
    private static byte[]? Read(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            byte[] bytes = new byte[32 * 1024];
            int length;
            while ((length = RandomAccess.Read(file, bytes, 0)) == bytes.Length)
            {
                bytes = new byte[bytes.Length * 2];
            }

            return bytes[..length];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A process held by a descriptor, so that no signal can reach another process that has got its id since.</summary>
internal sealed partial class MarkedProcess : IDisposable
{
    private const int PidfdOpen = 434, PidfdSendSignal = 424, PollIn = 1;

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
        double left;
        do
        {
            // A signal to us cuts a wait short.
            left = Math.Ceiling((limit - Stopwatch.GetElapsedTime(start)).TotalMilliseconds);
            if (Poll(ref entry, 1, (int)Math.Clamp(left, 0, int.MaxValue)) > 0)
            {
                return true;
            }
        }
        while (left > 0);
        return false;
    }

    public void Dispose() => _descriptor.Dispose();

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entry, nuint count, int milliseconds);

    private struct PollEntry
    {
        public int Descriptor;
        public short Events, Returned;
    }
}
