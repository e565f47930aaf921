using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using Steadwork.Workers.Running;

namespace Steadwork.Cli.Running;

/// <summary>
/// Where the starts of all workers of a run meet, in memory that they share: the time of the next start, moved on by
/// whoever starts, and the number of failed items, at which no more begin.
/// </summary>
internal sealed class StartGate : IStartGate, IDisposable
{
    private const int Fields = 2;
    private readonly TimeSpan delay;
    private readonly int? haltAfter;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor page;
    private readonly unsafe long* next;
    private readonly unsafe long* failed;

    /// <param name="folder">The folder of the run.</param>
    /// <param name="delay">The least time between two starts.</param>
    /// <param name="haltAfter">How many failed items end it; null goes on whatever fails.</param>
    public unsafe StartGate(string folder, TimeSpan delay, int? haltAfter)
    {
        this.delay = delay;
        this.haltAfter = haltAfter;
        var stream = new FileStream(Path.Combine(folder, "gate"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.SetLength(Fields * sizeof(long));
        file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        page = file.CreateViewAccessor();
        byte* start = null;
        page.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        next = (long*)start;
        failed = next + 1;
    }

    /// <summary>Items that have failed for good in this start of the run.</summary>
    public unsafe long Failed => Volatile.Read(ref *failed);

    /// <summary>Whether so many have failed that no more begin.</summary>
    public bool IsShut => haltAfter is { } limit && Failed >= limit;

    /// <inheritdoc/>
    public async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (delay > TimeSpan.Zero && !IsShut)
            await Task.Delay(UntilTurn(), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return !IsShut;
    }

    /// <inheritdoc/>
    public unsafe void Ended(Transition transition)
    {
        if (transition is Transition.Fail)
            Interlocked.Increment(ref *failed);
    }

    /// <summary>The log tells of so many failed items; those that have killed their worker are told of by nobody else.</summary>
    public unsafe void CountAtLeast(long failures)
    {
        for (long known; (known = Failed) < failures;)
            Interlocked.CompareExchange(ref *failed, failures, known);
    }

    /// <summary>Takes the next turn, and tells how far off it is.</summary>
    private unsafe TimeSpan UntilTurn()
    {
        var step = (long)(delay.TotalSeconds * Stopwatch.Frequency);
        long taken, now, mine;
        do
        {
            taken = Volatile.Read(ref *next);
            now = Stopwatch.GetTimestamp();
            mine = Math.Max(taken, now);
        }
        while (Interlocked.CompareExchange(ref *next, mine + step, taken) != taken);
        return Stopwatch.GetElapsedTime(now, mine);
    }

    public void Dispose()
    {
        page.SafeMemoryMappedViewHandle.ReleasePointer();
        page.Dispose();
        file.Dispose();
    }
}
