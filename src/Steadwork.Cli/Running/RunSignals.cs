using System.Runtime.InteropServices;

namespace Steadwork.Cli.Running;

/// <summary>The wishes of whoever watches a run: a first signal drains it, a second ends it at once.</summary>
internal sealed class RunSignals : IDisposable
{
    private readonly CancellationTokenSource drain = new();
    private readonly CancellationTokenSource stop = new();
    private readonly PosixSignalRegistration[] registrations;
    private int heard;

    public RunSignals() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Hear),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Hear),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Hear),
    ];

    public CancellationToken Drain => drain.Token;

    public CancellationToken Stop => stop.Token;

    private void Hear(PosixSignalContext signal)
    {
        signal.Cancel = true;
        // Two that come together are heard on two threads. A terminal that hangs up shows nobody the drain.
        if (Interlocked.Increment(ref heard) > 1 || signal.Signal is PosixSignal.SIGHUP)
            stop.Cancel();
        drain.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        drain.Dispose();
        stop.Dispose();
    }
}
