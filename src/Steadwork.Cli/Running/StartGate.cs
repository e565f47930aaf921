using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace Steadwork.Cli.Running;

/// <summary>Spaces the starts of all workers of a run: a time in memory that they share, moved on by whoever starts next.</summary>
internal sealed unsafe class StartGate : IDisposable
{
    private readonly TimeSpan delay;
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? page;
    private readonly long* next;

    public StartGate(string folder, TimeSpan delay)
    {
        this.delay = delay;
        if (delay == TimeSpan.Zero)
            return;
        var stream = new FileStream(Path.Combine(folder, "next-start"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.SetLength(sizeof(long));
        file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        page = file.CreateViewAccessor();
        byte* start = null;
        page.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        next = (long*)start;
    }

    /// <summary>Waits for this process's turn to start a program.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void Pass(CancellationToken cancellation)
    {
        if (next is null)
            return;
        var step = (long)(delay.TotalSeconds * Stopwatch.Frequency);
        long taken, mine;
        do
        {
            taken = Volatile.Read(ref *next);
            mine = Math.Max(taken, Stopwatch.GetTimestamp());
        }
        while (Interlocked.CompareExchange(ref *next, mine + step, taken) != taken);
        var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), mine);
        if (wait > TimeSpan.Zero && cancellation.WaitHandle.WaitOne(wait))
            cancellation.ThrowIfCancellationRequested();
    }

    public void Dispose()
    {
        if (next is not null)
            page!.SafeMemoryMappedViewHandle.ReleasePointer();
        page?.Dispose();
        file?.Dispose();
    }
}
