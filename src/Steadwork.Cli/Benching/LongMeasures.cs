using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Benching;

/// <summary>What takes its time: large stores, and a worker that has nothing to do.</summary>
internal sealed class LongMeasures(Place place)
{
    private const int Million = 1_000_000, Drained = 60_000, More = 4000, WarmUps = 1000, Batch = 100, Statistics = 21;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3), Idling = TimeSpan.FromSeconds(20);

    private StoreUrl? pending, finished;

    public IReadOnlyList<Measure> All =>
    [
        new("pending-1m", "drain where 1,000,000 wait, against an almost empty store", Units.PerSecond, StreamAsync, StreamBesidePendingAsync),
        new("pending-1m-memory", "memory of a worker where 1,000,000 wait, at its most", Units.Megabytes, null, MemoryBesidePendingAsync),
        new("finished-10m", "drain where 10,000,000 have ended, against an almost empty store", Units.PerSecond, StreamAsync, StreamBesideFinishedAsync),
        new("statistics-10m", "statistics of 10,000,000 jobs, p50", Units.Milliseconds, null, CountFinishedAsync),
        new("drain-150k", "drain of 150,000, 10 at a time", Units.PerSecond, () => place.OnFloorAsync(floor => floor.DrainAsync(150_000, Batch)), DrainManyAsync),
        new(
            [new("drain-2m", "drain of 2,000,000, 10 at a time", Units.PerSecond), new("drain-2m-last-tenth", "of it: the last tenth, of the rate of the first", Units.Percent)],
            null, DrainMillionsAsync) { IsLong = true },
        new(
            [
                new("idle-processor", "an idle worker: of one processor", Units.Percent),
                new("idle-memory", "an idle worker: memory", Units.Megabytes),
                new("idle-transactions", "an idle worker: transactions on the server, beyond those without it", Units.TransactionsPerSecond),
                new("idle-statements", "an idle worker: statements", Units.StatementsPerSecond),
            ],
            null, IdleAsync) { IsLong = true },
    ];

    private async Task<double> StreamAsync()
    {
        await using var ours = new Ours(place.NextStore());
        await ours.BulkAsync(WarmUps + Drained + More).ConfigureAwait(false);
        return await ours.StreamAsync(WarmUps, Drained).ConfigureAwait(false);
    }

    private async Task<double> StreamBesidePendingAsync()
    {
        await using var ours = await OpenPendingAsync().ConfigureAwait(false);
        return await ours.StreamAsync(WarmUps, Drained).ConfigureAwait(false);
    }

    private async Task<double> MemoryBesidePendingAsync()
    {
        await using var ours = await OpenPendingAsync().ConfigureAwait(false);
        var worker = await BenchWorker.StartAsync(ours.Url, concurrency: 10, stamps: false).ConfigureAwait(false);
        worker.Go();
        await Task.Delay(Settling, TimeProvider.System).ConfigureAwait(false);
        await worker.DisposeAsync().ConfigureAwait(false);
        return worker.PeakMemory / 1e6;
    }

    /// <summary>Opens a store in which a million wait: what was taken from it the last time is put back.</summary>
    private async Task<Ours> OpenPendingAsync()
    {
        var ours = new Ours(pending ??= place.NextStore(isKept: true));
        await ours.BulkAsync(Million - (int)await ours.PendingAsync().ConfigureAwait(false)).ConfigureAwait(false);
        return ours;
    }

    private async Task<double> StreamBesideFinishedAsync()
    {
        await using var ours = await OpenFinishedAsync().ConfigureAwait(false);
        await ours.BulkAsync(WarmUps + Drained + More).ConfigureAwait(false);
        var rate = await ours.StreamAsync(WarmUps, Drained).ConfigureAwait(false);
        // The same for the next one.
        await ours.StartAsync().ConfigureAwait(false);
        await ours.WhenNoneIsLeftAsync().ConfigureAwait(false);
        await ours.StopAsync().ConfigureAwait(false);
        return rate;
    }

    private async Task<double> CountFinishedAsync()
    {
        await using var ours = await OpenFinishedAsync().ConfigureAwait(false);
        var times = new List<double>();
        for (var count = 0; count < Statistics; count++)
            times.Add(1000 / await Rate.OfAsync(1, ours.PendingAsync).ConfigureAwait(false));
        return Measured.At(times, 0.5);
    }

    private async Task<Ours> OpenFinishedAsync()
    {
        if (finished is not null)
            return new Ours(finished);
        var ours = new Ours(finished = place.NextStore(isKept: true));
        await ours.DrainAsync(1).ConfigureAwait(false);
        await place.RepeatFinishedAsync(finished, 10 * Million).ConfigureAwait(false);
        return ours;
    }

    private async Task<double> DrainManyAsync()
    {
        await using var ours = new Ours(place.NextStore());
        return await ours.DrainAsync(150_000).ConfigureAwait(false);
    }

    private async Task<double[]> DrainMillionsAsync()
    {
        await using var ours = new Ours(place.NextStore());
        await ours.BulkAsync(WarmUps + (2 * Million)).ConfigureAwait(false);
        const int tenth = Million / 5;
        var rates = await ours.StreamAsync(WarmUps, [tenth, 8 * tenth, tenth]).ConfigureAwait(false);
        return [10 / ((1 / rates[0]) + (8 / rates[1]) + (1 / rates[2])), rates[2] * 100 / rates[0]];
    }

    private async Task<double[]> IdleAsync()
    {
        var url = place.NextStore();
        // Who only looks is gone before: he would be counted with it.
        await using (var ours = new Ours(url))
            await ours.EnqueueOneAsync(1).ConfigureAwait(false);
        // The server vacuums, whether a worker is there or not.
        var without = double.IsNaN(await place.TransactionsEndedAsync().ConfigureAwait(false)) ? double.NaN : await TransactionsWhileIdleAsync().ConfigureAwait(false);
        await using var worker = await BenchWorker.StartAsync(url, concurrency: 10, stamps: false).ConfigureAwait(false);
        worker.Go();
        await Task.Delay(Settling, TimeProvider.System).ConfigureAwait(false);
        var (statements, time) = (await worker.StatementsAsync().ConfigureAwait(false), worker.ProcessorTime);
        var with = await TransactionsWhileIdleAsync().ConfigureAwait(false);
        time = worker.ProcessorTime - time;
        return [time * 100 / Idling, worker.Memory / 1e6, with - without, (await worker.StatementsAsync().ConfigureAwait(false) - statements) / Idling.TotalSeconds];
    }

    /// <summary>Transactions that end on the server in a second.</summary>
    private async Task<double> TransactionsWhileIdleAsync()
    {
        var before = await place.TransactionsEndedAsync().ConfigureAwait(false);
        await Task.Delay(Idling, TimeProvider.System).ConfigureAwait(false);
        return (await place.TransactionsEndedAsync().ConfigureAwait(false) - before) / Idling.TotalSeconds;
    }
}
