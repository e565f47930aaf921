using System.Runtime.InteropServices;
using Shouldly;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Tests.Running;

/// <summary>A process that is none of the test's own children, held by a descriptor: its number cannot come to mean another.</summary>
internal sealed partial class WatchedProcess : IDisposable
{
    private const int Killed = 9;
    private readonly int id;
    private readonly int descriptor;

    public WatchedProcess(int id)
    {
        this.id = id;
        descriptor = Libc.OpenProcess(id);
    }

    public int Id => id;

    /// <summary>Kills it, and nothing else.</summary>
    public void Kill() => SendSignal(id, Killed).ShouldBe(0);

    /// <summary>Whether it has ended by now.</summary>
    public bool HasEnded => EndsWithin(TimeSpan.Zero);

    /// <summary>Waits until it has ended.</summary>
    public void ShouldEnd() => EndsWithin(SteadworkProcess.Patience).ShouldBeTrue($"process {id} goes on");

    private unsafe bool EndsWithin(TimeSpan limit)
    {
        // It may have ended before it could be held.
        if (descriptor < 0)
            return true;
        var entry = new Libc.PollEntry { Descriptor = descriptor, Events = Libc.PollIn };
        var patience = Deadline.In(limit);
        int ready;
        do
            ready = Libc.Poll(&entry, 1, patience.Milliseconds);
        while (ready < 0 && Marshal.GetLastPInvokeError() is Libc.Interrupted);
        return ready == 1;
    }

    /// <summary>Sends a signal to a process, or to a group by its negated number.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int SendSignal(int process, int signal);

    public void Dispose()
    {
        if (descriptor >= 0)
            Libc.Close(descriptor);
    }
}
