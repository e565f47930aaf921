using System.Diagnostics.Metrics;
using Steadwork.Status;

namespace Steadwork.Cli.Benching;

/// <summary>What is measured at a place, quickly in about two minutes, or with twice as much of most.</summary>
internal sealed class Measures(Place place, bool isQuick)
{
    private const int Few = 1000, Many = 100_000, Batch = 100, Cancelled = 40, WarmUps = 10;
    private readonly int drained = isQuick ? 15_000 : 30_000, shared = isQuick ? 25_000 : 60_000, samples = isQuick ? 60 : 310;

    public IReadOnlyList<Measure> All =>
    [
        new([new("fsync", "a page written, and on the disk, p50", Units.Milliseconds)], async () => [Measured.At(await place.OnFloorAsync(floor => floor.SyncAsync(samples)).ConfigureAwait(false), 0.5)], null),
        new("enqueue-one", "enqueue, one caller", Units.PerSecond, () => place.OnFloorAsync(floor => floor.EnqueueOneAsync(Few)), () => OnOursAsync(ours => ours.EnqueueOneAsync(Few))),
        new("enqueue-64", "enqueue, 64 callers", Units.PerSecond, () => place.OnFloorAsync(floor => floor.EnqueueAsync(64, shared)), () => OnOursAsync(ours => ours.EnqueueAsync(64, shared))),
        new("enqueue-bulk", "enqueue 100,000 at once", Units.PerSecond, () => place.OnFloorAsync(floor => floor.BulkAsync(Many)), () => OnOursAsync(ours => ours.BulkAsync(Many))),
        Drain("drain-1", "drain, one at a time", 1),
        new(
            [
                new("drain-10", "drain, 10 at a time", Units.PerSecond),
                new("drain-10-transactions", "of it: transactions", Units.TransactionsPerJob),
                new("drain-10-statements", "of it: statements", Units.StatementsPerJob),
                new("drain-10-written", "of it: written to the disk", Units.BytesPerJob),
                new("drain-10-allocated", "of it: allocated", Units.BytesPerJob),
            ],
            async () => [await place.OnFloorAsync(floor => floor.DrainAsync(drained, Batch)).ConfigureAwait(false)], DrainAndCountAsync),
        Drain("drain-10-logged", "the same, the floor with log entries", 10, logs: true),
        Drain("drain-64", "drain, 64 at a time", 64),
        new(
            [
                new("processes-2", "drain by 2 processes, against one", Units.PerSecond),
                new("processes-4", "drain by 4 processes, against one", Units.PerSecond),
                new("processes-4-least-share", "of it: share of the one that did least", Units.Percent),
                new("processes-4-memory", "of it: memory of the largest at its most", Units.Megabytes),
            ],
            async () => [.. Enumerable.Repeat((await ByProcessesAsync(1).ConfigureAwait(false))[0], 2)],
            async () => [(await ByProcessesAsync(2).ConfigureAwait(false))[0], .. await ByProcessesAsync(4).ConfigureAwait(false)]),
        PickUp("pickup-same", "pick-up in the same process", PickUpHereAsync),
        PickUp("pickup-other", "pick-up by another process", PickUpThereAsync),
        new("cancel-other", "a running job in another process hears of its cancelling, p50", Units.Milliseconds, null, CancelAsync),
    ];

    private Measure Drain(string name, string text, int concurrency, bool logs = false) => new(
        name, text, Units.PerSecond, () => place.OnFloorAsync(floor => floor.DrainAsync(drained, Batch, logs)), () => OnOursAsync(ours => ours.DrainAsync(drained), concurrency));

    private Measure PickUp(string name, string text, Func<Task<IReadOnlyList<double>>> ours) => new(
        [new(name, $"{text}, p50", Units.Milliseconds), new($"{name}-p99", $"{text}, p99", Units.Milliseconds)],
        async () => MiddleAndTail(await place.OnFloorAsync(floor => floor.PickUpAsync(samples)).ConfigureAwait(false)), async () => MiddleAndTail(await ours().ConfigureAwait(false)));

    private static double[] MiddleAndTail(IReadOnlyList<double> times) => [Measured.At(times.Skip(WarmUps), 0.5), Measured.At(times.Skip(WarmUps), 0.99)];

    private Task<double[]> DrainAndCountAsync() => OnOursAsync<double[]>(async ours =>
    {
        var (before, allocated, told, statements) = (default(Effort), 0L, 0L, 0L);
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument == Telemetry.Statements) listener.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref told, count));
        listener.Start();
        var rate = await ours.DrainAsync(drained, async () => (before, allocated, statements) = (await place.EffortAsync(ours.Url).ConfigureAwait(false), GC.GetTotalAllocatedBytes(precise: true), Interlocked.Read(ref told))).ConfigureAwait(false);
        statements = Interlocked.Read(ref told) - statements;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var after = await place.EffortAsync(ours.Url).ConfigureAwait(false);
        return [rate, (after.Transactions - before.Transactions) / drained, (double)statements / drained, (after.Written - before.Written) / drained, (double)allocated / drained];
    });

    private Task<IReadOnlyList<double>> PickUpHereAsync() => OnOursAsync(async ours =>
    {
        await ours.StartAsync().ConfigureAwait(false);
        var times = await ours.PickUpAsync(samples, ours.Begun).ConfigureAwait(false);
        await ours.StopAsync().ConfigureAwait(false);
        return times;
    }, stamps: true);

    private async Task<IReadOnlyList<double>> PickUpThereAsync()
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await using var worker = await BenchWorker.StartAsync(url, concurrency: 10, stamps: true).ConfigureAwait(false);
        worker.Go();
        return await ours.PickUpAsync(samples, worker.Stamps).ConfigureAwait(false);
    }

    private async Task<double> CancelAsync()
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await using var worker = await BenchWorker.StartAsync(url, concurrency: 10, stamps: true).ConfigureAwait(false);
        worker.Go();
        return Measured.At((await ours.CancelAsync(Cancelled, worker.Stamps).ConfigureAwait(false)).Skip(WarmUps), 0.5);
    }

    private async Task<double[]> ByProcessesAsync(int processes)
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await ours.BulkAsync(shared).ConfigureAwait(false);
        var workers = await Task.WhenAll(Enumerable.Range(0, processes).Select(_ => BenchWorker.StartAsync(url, concurrency: 10, stamps: false))).ConfigureAwait(false);
        var rate = await Rate.OfAsync(shared, async () =>
        {
            foreach (var worker in workers)
                worker.Go();
            await ours.WhenToldAsync(shared).ConfigureAwait(false);
        }).ConfigureAwait(false);
        foreach (var worker in workers)
            await worker.DisposeAsync().ConfigureAwait(false);
        return [rate, workers.Min(worker => worker.Count) * 100.0 / shared, workers.Max(worker => worker.PeakMemory) / 1e6];
    }

    private async Task<T> OnOursAsync<T>(Func<Ours, Task<T>> measure, int concurrency = 10, bool stamps = false)
    {
        await using var ours = new Ours(place.NextStore(), worker => worker.Concurrency = concurrency, stamps);
        return await measure(ours).ConfigureAwait(false);
    }
}
