using System.Threading.Channels;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>Waits for the ends of batches, which are few: each who waits asks for itself.</summary>
internal sealed class BatchWatch(IStore store, TimeProvider clock)
{
    // A wake-up may get lost; this is the most that it may cost.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    /// <summary>The batch, once it has ended.</summary>
    /// <exception cref="KeyNotFoundException">There is no such batch, or no longer.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked.</exception>
    public async Task<BatchView> WaitAsync(BatchId id, CancellationToken cancellationToken)
    {
        var rings = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var listening = store.Listen(WakeUp.Ends, _ => rings.Writer.TryWrite(true));
        using var poll = clock.CreateTimer(_ => rings.Writer.TryWrite(true), null, LongestSleep, LongestSleep);
        while (true)
        {
            if (await store.BatchesAsync([id], cancellationToken).ConfigureAwait(false) is not [var batch])
                throw new KeyNotFoundException($"There is no batch {id}.");
            if (batch.EndedAt is not null)
                return batch;
            await rings.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
