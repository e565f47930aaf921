using System.Runtime.InteropServices;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>
/// Standard output that may lose its reader: from then on nothing is written, and nothing fails. Not by way of
/// <see cref="Console"/>, which keeps it to itself that the reader has gone: the run would go on for nobody.
/// </summary>
internal sealed unsafe class OutputStream : IDisposable
{
    private const int StandardOutput = 1;
    private const short Writable = 4;
    private readonly byte[] buffer = new byte[256 * 1024];
    private int filled;

    /// <summary>Whether the reader has gone.</summary>
    public bool IsClosed { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > buffer.Length - filled)
            Flush();
        if (bytes.Length > buffer.Length)
        {
            Send(bytes);
            return;
        }
        bytes.CopyTo(buffer.AsSpan(filled));
        filled += bytes.Length;
    }

    public void Flush()
    {
        Send(buffer.AsSpan(0, filled));
        filled = 0;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !IsClosed)
        {
            nint written;
            fixed (byte* start = bytes)
                written = Libc.Write(StandardOutput, start, (nuint)bytes.Length);
            if (written >= 0)
                bytes = bytes[(int)written..];
            else if (Marshal.GetLastPInvokeError() is Libc.TryAgain)
                AwaitRoom();
            else if (Marshal.GetLastPInvokeError() is not Libc.Interrupted)
                IsClosed = true;
        }
    }

    /// <summary>Whoever shares the descriptor with us may have made it non-blocking.</summary>
    private static void AwaitRoom()
    {
        var entry = new Libc.PollEntry { Descriptor = StandardOutput, Events = Writable };
        _ = Libc.Poll(&entry, 1, -1);
    }

    public void Dispose() => Flush();
}
