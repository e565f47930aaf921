using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Steadwork.Cli.Programs;

/// <summary>
/// What a program wrote to one of its outputs, in a file of its own: a pipe would need a reader as fast as the program,
/// and would end with the last background child instead of with the program.
/// </summary>
internal sealed class Captured : IDisposable
{
    private const int FromEnd = 2, OwnerOnly = 0x180;
    private const int LongestContinuation = 3;

    private static readonly string s_prefix = Guid.NewGuid().ToString("N")[..12];
    private static long s_counter;

    private readonly SafeFileHandle _file;
    private bool _kept;

    private Captured(string path, int descriptor)
    {
        Path = path;
        Descriptor = descriptor;
        _file = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Bytes written until the program ended.</summary>
    public long Length { get; private set; }

    /// <summary>Where the output is; null when there was none, for then no file is left.</summary>
    public string? Path { get; private set; }

    /// <summary>For the program to write to.</summary>
    public int Descriptor { get; }

    public static Captured Create(string directory, string extension)
    {
        while (true)
        {
            string path = $"{directory}/{s_prefix}-{Interlocked.Increment(ref s_counter)}.{extension}";
            int descriptor = Libc.Open(path, Libc.Create | Libc.Exclusive | Libc.ReadWrite | Libc.Append | Libc.CloseOnExec, OwnerOnly);
            if (descriptor >= 0)
            {
                return new Captured(path, descriptor);
            }

            int error = Marshal.GetLastPInvokeError();
            if (error is not (Libc.Exists or Libc.Interrupted))
            {
                throw ProgramNotStarted.Without($"a file for its output in '{directory}'", error);
            }
        }
    }

    /// <summary>The program has ended: what background children of it still write no longer counts.</summary>
    public void Close()
    {
        Length = Libc.Seek(Descriptor, 0, FromEnd);
        if (Length == 0)
        {
            Dispose();
        }
    }

    /// <summary>The last bytes, at most <paramref name="maxBytes"/>, not beginning inside a UTF-8 sequence.</summary>
    public byte[] Tail(int maxBytes)
    {
        if (Length == 0)
        {
            return [];
        }

        byte[] tail = new byte[Math.Min(Length, maxBytes)];
        int read = ReadAt(Length - tail.Length, tail);
        int start = 0;
        while (tail.Length < Length && start < Math.Min(read, LongestContinuation) && (tail[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return tail[start..read];
    }

    /// <summary>Leaves the file to the caller.</summary>
    public void Keep() => _kept = true;

    public void Dispose()
    {
        if (_file.IsClosed)
        {
            return;
        }

        _file.Dispose();
        if (!_kept)
        {
            Libc.Unlink(Path!);
            Path = null;
        }
    }

    // The program may have cut its own output short since.
    private int ReadAt(long offset, Span<byte> bytes)
    {
        int total = 0;
        while (total < bytes.Length && RandomAccess.Read(_file, bytes[total..], offset + total) is > 0 and int read)
        {
            total += read;
        }

        return total;
    }
}
