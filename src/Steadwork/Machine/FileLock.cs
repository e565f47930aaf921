using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Steadwork.Machine;

/// <summary>
/// An operating-system lock on a file of its own, held until it is disposed or the process dies. On Unix it is a flock:
/// a program being started inherits it until its exec, so once the lock is free every program that the dead process had
/// begun to start shows its own environment.
/// </summary>
internal sealed partial class FileLock : IDisposable
{
    private readonly FileStream? stream;
    private int descriptor;

    private FileLock(FileStream stream) => this.stream = stream;

    private FileLock(int descriptor) => this.descriptor = descriptor;

    /// <summary>Takes the lock.</summary>
    /// <param name="path">The file.</param>
    /// <param name="make">Whether to make it if need be.</param>
    /// <returns>Null when another holder has it, or it is not there and not to be made.</returns>
    /// <exception cref="IOException">The file cannot be opened, or there are no locks on its file system.</exception>
    public static FileLock? TryTake(string path, bool make = true) => OperatingSystem.IsWindows() ? TryTakeByShare(path, make) : TryTakeByFlock(path, LOCK_EX | LOCK_NB, make);

    /// <summary>Takes the lock of a file that is being made, and that nobody else has a reason to lock.</summary>
    /// <exception cref="IOException">Somebody holds it all the same, or it cannot be made or locked.</exception>
    public static FileLock TakeNew(string path) => TryTake(path) ?? throw new IOException($"The lock file '{path}' is held by another process.");

    /// <summary>Waits until the lock is free and takes it.</summary>
    public static FileLock Take(string path)
    {
        if (!OperatingSystem.IsWindows())
            return TryTakeByFlock(path, LOCK_EX, make: true)!;
        using var pause = new ManualResetEventSlim();
        while (true)
        {
            if (TryTakeByShare(path, make: true) is { } taken)
                return taken;
            pause.Wait(10);
        }
    }

    private static FileLock? TryTakeByShare(string path, bool make)
    {
        try
        {
            return new FileLock(new FileStream(path, make ? FileMode.OpenOrCreate : FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static FileLock? TryTakeByFlock(string path, int operation, bool make)
    {
        var flags = O_RDWR | (OperatingSystem.IsLinux() ? O_CLOEXEC_LINUX : O_CLOEXEC_BSD);
        if (make)
            flags |= OperatingSystem.IsLinux() ? O_CREAT_LINUX : O_CREAT_BSD;
        var descriptor = open(path, flags, 0x180 /* 0600 */);
        if (descriptor < 0 && !make && Marshal.GetLastPInvokeError() == ENOENT)
            return null;
        if (descriptor < 0)
            throw new IOException($"the file '{path}', which its processes lock, cannot be written: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        int result;
        do
            result = flock(descriptor, operation);
        while (result != 0 && Marshal.GetLastPInvokeError() == EINTR);
        if (result == 0)
            return new FileLock(descriptor);
        var error = Marshal.GetLastPInvokeError();
        close(descriptor);
        // A file system without locks must not pass for one on which every worker lives.
        return error == (OperatingSystem.IsLinux() ? EWOULDBLOCK_LINUX : EWOULDBLOCK_BSD)
            ? null
            : throw new IOException($"The lock file '{path}' cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    public void Dispose()
    {
        stream?.Dispose();
        if (Interlocked.Exchange(ref descriptor, 0) is > 0 and var held)
            close(held);
    }

    private const int O_RDWR = 2;
    private const int O_CREAT_LINUX = 0x40;
    private const int O_CLOEXEC_LINUX = 0x80000;
    private const int O_CREAT_BSD = 0x200;
    private const int O_CLOEXEC_BSD = 0x1000000;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;
    private const int ENOENT = 2;
    private const int EINTR = 4;
    private const int EWOULDBLOCK_LINUX = 11;
    private const int EWOULDBLOCK_BSD = 35;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int descriptor, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
