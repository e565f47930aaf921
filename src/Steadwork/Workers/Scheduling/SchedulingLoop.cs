using Microsoft.Extensions.Logging;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Workers.Scheduling;

/// <summary>Has schedules tick. What the claims of this worker hear of the next tick spares it from asking often; a poll stands behind that.</summary>
internal sealed class SchedulingLoop(IStore store, ILogger logger) : WorkerLoop("scheduling", logger)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan RingsApart = TimeSpan.FromMilliseconds(500);

    private readonly Ticking ticking = new(store, logger);
    private long looked;
    private long planned = long.MaxValue;
    private long lookedAt;
    private volatile bool rung, heard;

    /// <summary>The store has told when the next schedule ticks.</summary>
    public void Heard(DateTimeOffset? nextTick)
    {
        // One that was due at the last look has been seen to then, here or elsewhere, or is none that this worker can read.
        if (nextTick is { UtcTicks: var next } && next > Volatile.Read(ref looked) && next < Volatile.Read(ref planned))
        {
            heard = true;
            Wake();
        }
    }

    /// <summary>Something was changed in the store: it may be a schedule. A worker whose slots are all taken hears of it in no other way.</summary>
    public void Ring()
    {
        rung = true;
        Wake();
    }

    protected override TimeSpan Step()
    {
        // Jobs that come and go ring as well: they shall not have it look each time.
        if (rung && !heard && RingsApart - TimeProvider.System.GetElapsedTime(lookedAt) is { Ticks: > 0 } rest && planned - store.Now.UtcTicks is > 0 and var ahead)
        {
            rung = false;
            return ahead < rest.Ticks ? TimeSpan.FromTicks(ahead) : rest;
        }
        try
        {
            rung = heard = false;
            lookedAt = TimeProvider.System.GetTimestamp();
            var now = store.Now;
            Volatile.Write(ref looked, now.UtcTicks);
            var next = ticking.TickDueAsync(now).GetAwaiter().GetResult();
            Volatile.Write(ref planned, next?.UtcTicks ?? long.MaxValue);
            return next - store.Now is not { } wait || wait > Poll ? Poll : wait > LeastWait ? wait : LeastWait;
        }
        catch (StoreRetiredException)
        {
            // They tick in its copy, or here when it is taken back.
            return Poll;
        }
    }
}
