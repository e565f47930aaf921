using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// Whose turn it is to write, of the processes of one file. SQLite's own lock goes to whoever happens to ask while it is free,
/// mostly to him who has just let it go; the others ask again and again meanwhile. Here they stand in line, and the kernel
/// wakes the next. It is a courtesy: who does not get his turn in good time, since somebody in line is stopped say, goes by SQLite's lock alone.
/// </summary>
/// <remarks>
/// Two locks: who wants to write takes the place at the head of the line, waits there for his turn, and leaves the place as he
/// takes it. So nobody can take two turns while another waits.
/// </remarks>
internal sealed partial class Turns : IDisposable
{
    private const int TryToLock = 37, WaitToLock = 38;
    private const short Write = 1, Free = 2;
    private const int Interrupted = 4;
    private static readonly TimeSpan UsualPatience = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly TimeSpan patience;
    private readonly SafeFileHandle? place;
    private readonly SafeFileHandle? turn;
    private readonly SemaphoreSlim asked = new(0);
    private readonly SemaphoreSlim come = new(0);
    private Thread? thread;
    private bool isMine;
    private bool isInLine;
    private bool isWanted;
    private bool disposed;

    /// <param name="path">What the two files are named after.</param>
    /// <param name="patience">For how long to wait in line; null takes half a second.</param>
    public Turns(string path, TimeSpan? patience = null)
    {
        this.patience = patience ?? UsualPatience;
        // Elsewhere the locks are other ones, and SQLite's has to do.
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return;
        place = Open(path + ".place");
        turn = Open(path + ".turn");
    }

    /// <summary>Takes the turn if nobody else has it or waits for it.</summary>
    public bool TryTake()
    {
        if (turn is null)
            return true;
        lock (gate)
        {
            if (isMine || isInLine || !TryLock(place!))
                return isMine;
            isMine = TryLock(turn);
            Unlock(place!);
            return isMine;
        }
    }

    /// <summary>Waits for the turn, in line, for as long as is good manners.</summary>
    public void Take()
    {
        if (TryTake())
            return;
        lock (gate)
        {
            // Still from last time: the line does not move.
            if (isInLine)
                return;
            (isInLine, isWanted) = (true, true);
            thread ??= Start();
        }
        asked.Release();
        if (come.Wait(patience))
            return;
        lock (gate)
        {
            isWanted = false;
            if (isMine)
                come.Wait();
        }
    }

    /// <summary>Lets the next one have it.</summary>
    public void Give()
    {
        lock (gate)
        {
            if (!isMine || turn is null)
                return;
            isMine = false;
            Unlock(turn);
        }
    }

    private Thread Start()
    {
        var standing = new Thread(Stand) { IsBackground = true, Name = "steadwork-turns" };
        standing.Start();
        return standing;
    }

    /// <summary>The kernel knows no wait for such a lock that ends by itself: a thread of its own does the waiting.</summary>
    private void Stand()
    {
        try
        {
            for (asked.Wait(); !disposed; asked.Wait())
            {
                Wait(place!);
                Wait(turn!);
                Unlock(place!);
                lock (gate)
                {
                    isInLine = false;
                    isMine = isWanted;
                    if (isMine)
                        come.Release();
                    else
                        Unlock(turn!);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Closed while it stood in line.
        }
    }

    /// <summary>Leaves the line, and gives the turn: both locks go with their files.</summary>
    public void Dispose()
    {
        disposed = true;
        asked.Release();
        turn?.Dispose();
        place?.Dispose();
    }

    private static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    // Locks of the open file rather than of the process, so that two stores of one program are two, and none ends with another file's closing:
    // https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html

    private static bool TryLock(SafeFileHandle file) => Call(file, TryToLock, Write) == 0;

    private static void Wait(SafeFileHandle file)
    {
        while (Call(file, WaitToLock, Write) != 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }
    }

    private static void Unlock(SafeFileHandle file) => _ = Call(file, TryToLock, Free);

    private static int Call(SafeFileHandle file, int what, short type)
    {
        var range = new FileRange { Type = type };
        return Fcntl(file, what, ref range);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FileRange
    {
        public short Type;
        public short From;
        public long Start;
        public long Length;
        public int Process;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int what, ref FileRange range);
}
