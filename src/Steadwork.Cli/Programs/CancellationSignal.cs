using System.Runtime.InteropServices;

namespace Steadwork.Cli.Programs;

/// <summary>A cancellation as a descriptor that becomes readable, so that one poll waits for it and for a process.</summary>
internal readonly ref struct CancellationSignal
{
    private readonly CancellationTokenRegistration _registration;

    public CancellationSignal(CancellationToken cancellation)
    {
        Descriptor = -1;
        if (!cancellation.CanBeCanceled)
        {
            return;
        }

        int descriptor = Libc.EventDescriptor(0, Libc.CloseOnExec);
        if (descriptor < 0)
        {
            throw ProgramNotStarted.Without("a descriptor for its cancellation", Marshal.GetLastPInvokeError());
        }

        Descriptor = descriptor;
        _registration = cancellation.UnsafeRegister(static state => Raise((int)state!), descriptor);
    }

    /// <summary>-1, which poll passes over, when it can never be cancelled.</summary>
    public int Descriptor { get; }

    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            // Waits for a callback under way: it must not write to whatever gets this number next.
            _registration.Dispose();
            Libc.Close(Descriptor);
        }
    }

    private static unsafe void Raise(int descriptor)
    {
        ulong one = 1;
        Libc.Write(descriptor, (byte*)&one, sizeof(ulong));
    }
}
