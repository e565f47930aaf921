namespace Steadwork.Cli.Benching;

/// <summary>What is measured at a place, quickly in about two minutes, or with twice as much of most.</summary>
internal sealed class Measures(Place place, bool isQuick)
{
    private const int Few = 1000, Many = 100_000, Batch = 100, LargeBatch = 1000, Cancelled = 40, WarmUps = 10;
    private readonly int drained = isQuick ? 15_000 : 30_000, shared = isQuick ? 25_000 : 60_000, samples = isQuick ? 60 : 310;

    public IReadOnlyList<Measure> All =>
    [
        new([new("fsync", "a page written, and on the disk, p50", Units.Milliseconds)], async () => [Measured.At(await place.OnFloorAsync(floor => floor.SyncAsync(samples)).ConfigureAwait(false), 0.5)], null),
        new("enqueue-one", "enqueue, one caller", Units.PerSecond, () => place.OnFloorAsync(floor => floor.EnqueueOneAsync(Few)), () => OnOursAsync(ours => ours.EnqueueOneAsync(Few))),
        new(
            WithCosts(new("enqueue-64", "enqueue, 64 callers", Units.PerSecond)),
            async () => [await place.OnFloorAsync(floor => floor.EnqueueAsync(64, shared)).ConfigureAwait(false)], () => OnOursAsync(ours => CountAsync(ours, shared, async begin =>
            {
                await begin().ConfigureAwait(false);
                return await ours.EnqueueAsync(64, shared).ConfigureAwait(false);
            }))),
        new("enqueue-bulk", "enqueue 100,000 at once", Units.PerSecond, () => place.OnFloorAsync(floor => floor.BulkAsync(Many)), () => OnOursAsync(ours => ours.BulkAsync(Many))),
        Drain("drain-1", "drain, one at a time", 1),
        new(
            WithCosts(new("drain-10", "drain, 10 at a time", Units.PerSecond)),
            async () => [await place.OnFloorAsync(floor => floor.DrainAsync(drained, Batch)).ConfigureAwait(false)], () => OnOursAsync(ours => CountAsync(ours, drained, begin => ours.DrainAsync(drained, begin)))),
        Drain("drain-10-logged", "the same, the floor with log entries", 10, logs: true),
        Drain("drain-64", "drain, 64 at a time", 64),
        .. isQuick ? Array.Empty<Measure>() :
        [
            Drain("drain-10-large", "drain, 10 at a time, the floor in batches of 1,000", 10, LargeBatch),
            new("drain-10-keyed", "drain, 10 at a time, two keys a job, the floor without", Units.PerSecond, () => place.OnFloorAsync(floor => floor.DrainAsync(drained, Batch)), () => OnOursAsync(ours => ours.DrainAsync(drained, keyed: true))),
            new("enqueue-64-keyed", "enqueue, 64 callers, two keys a job, the floor without", Units.PerSecond, () => place.OnFloorAsync(floor => floor.EnqueueAsync(64, shared)), () => OnOursAsync(ours => ours.EnqueueAsync(64, shared, keyed: true))),
        ],
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

    private Measure Drain(string name, string text, int concurrency, int batch = Batch, bool logs = false) => new(
        name, text, Units.PerSecond, () => place.OnFloorAsync(floor => floor.DrainAsync(drained, batch, logs)), () => OnOursAsync(ours => ours.DrainAsync(drained), concurrency));

    private Measure PickUp(string name, string text, Func<Task<IReadOnlyList<double>>> ours) => new(
        [new(name, $"{text}, p50", Units.Milliseconds), new($"{name}-p99", isQuick ? $"the same, the slowest of {samples - WarmUps}" : $"{text}, p99", Units.Milliseconds)],
        async () => MiddleAndTail(await place.OnFloorAsync(floor => floor.PickUpAsync(samples)).ConfigureAwait(false)), async () => MiddleAndTail(await ours().ConfigureAwait(false)));

    private static double[] MiddleAndTail(IReadOnlyList<double> times) => [Measured.At(times.Skip(WarmUps), 0.5), Measured.At(times.Skip(WarmUps), 0.99)];

    private Figure[] WithCosts(Figure rate) =>
    [
        rate,
        new($"{rate.Name}-transactions", "of it: transactions", Units.TransactionsPerJob),
        new($"{rate.Name}-statements", "of it: statements", Units.StatementsPerJob),
        new($"{rate.Name}-written", $"of it: written to {place.WrittenTo}", Units.BytesPerJob),
        new($"{rate.Name}-allocated", "of it: allocated", Units.BytesPerJob),
    ];

    /// <summary>Work, and what it costs a job from when it says that it begins.</summary>
    private async Task<double[]> CountAsync(Ours ours, int jobs, Func<Func<Task>, Task<double>> work)
    {
        var (before, allocated, told) = (default(Effort), 0L, 0L);
        using var statements = new StatementCount();
        var rate = await work(async () => (before, allocated, told) = (await place.EffortAsync(ours.Url).ConfigureAwait(false), GC.GetTotalAllocatedBytes(precise: true), statements.SoFar)).ConfigureAwait(false);
        told = statements.SoFar - told;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var after = await place.EffortAsync(ours.Url).ConfigureAwait(false);
        return [rate, (after.Transactions - before.Transactions) / jobs, (double)told / jobs, (after.Written - before.Written) / jobs, (double)allocated / jobs];
    }

    private Task<IReadOnlyList<double>> PickUpHereAsync() => OnOursAsync(async ours =>
    {
        await ours.StartAsync().ConfigureAwait(false);
        var times = await ours.PickUpAsync(samples, ours.Begun).ConfigureAwait(false);
        await ours.StopCheckedAsync().ConfigureAwait(false);
        return times;
    }, stamps: true);

    private async Task<IReadOnlyList<double>> PickUpThereAsync()
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await using var worker = await BenchWorker.StartAsync(url, concurrency: 10, stamps: true).ConfigureAwait(false);
        worker.Go();
        var times = await ours.PickUpAsync(samples, worker.Stamps).ConfigureAwait(false);
        await worker.DisposeAsync().ConfigureAwait(false);
        await ours.CheckRunsAsync(worker.Count).ConfigureAwait(false);
        return times;
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
        await ours.CheckRunsAsync(workers.Sum(worker => worker.Count)).ConfigureAwait(false);
        return [rate, workers.Min(worker => worker.Count) * 100.0 / shared, workers.Max(worker => worker.PeakMemory) / 1e6];
    }

    private async Task<T> OnOursAsync<T>(Func<Ours, Task<T>> measure, int concurrency = 10, bool stamps = false)
    {
        await using var ours = new Ours(place.NextStore(), worker => worker.Concurrency = concurrency, stamps);
        return await measure(ours).ConfigureAwait(false);
    }
}
