using System.Runtime.InteropServices;

namespace Steadwork.Cli.Programs;

/// <summary>
/// A program's standard input as a file in memory: nothing has to be pumped while it runs, and a program that never
/// reads it breaks no pipe.
/// </summary>
internal readonly unsafe ref struct ProgramInput
{
    private const uint CloseOnExec = 1;

    private ProgramInput(int descriptor) => Descriptor = descriptor;

    public int Descriptor { get; }

    public static ProgramInput Of(ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { Length: > 0 } input)
        {
            return new ProgramInput(Spawn.Nothing);
        }

        int descriptor = Libc.MemoryFile("stdin", CloseOnExec);
        if (descriptor < 0 || !Fill(descriptor, input.Span))
        {
            int error = Marshal.GetLastPInvokeError();
            Libc.Close(descriptor);
            throw ProgramNotStarted.Without("memory for its standard input", error);
        }

        return new ProgramInput(descriptor);
    }

    public void Dispose()
    {
        if (Descriptor != Spawn.Nothing)
        {
            Libc.Close(Descriptor);
        }
    }

    // Written by offset, so that the program begins to read at the start.
    private static bool Fill(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int written = 0; written < bytes.Length;)
            {
                nint count = Libc.WriteAt(descriptor, start + written, (nuint)(bytes.Length - written), written);
                if (count <= 0)
                {
                    return false;
                }

                written += (int)count;
            }
        }

        return true;
    }
}
