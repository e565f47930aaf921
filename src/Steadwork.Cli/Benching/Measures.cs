namespace Steadwork.Cli.Benching;

/// <summary>All that is measured at a place.</summary>
internal sealed class Measures(Place place)
{
    /// <summary>The unit of a rate.</summary>
    public const string PerSecond = "jobs/s";

    /// <summary>The unit of a time.</summary>
    public const string Milliseconds = "ms";

    private const int Few = 1000, Many = 100_000, Drained = 30_000, Shared = 60_000, Batch = 100, Samples = 60, WarmUps = 10;

    public IReadOnlyList<Measure> All =>
    [
        new("enqueue-one", "enqueue, one caller", PerSecond, () => OnFloorAsync(floor => floor.EnqueueOneAsync(Few)), () => OnOursAsync(ours => ours.EnqueueOneAsync(Few))),
        new("enqueue-64", "enqueue, 64 callers", PerSecond, () => OnFloorAsync(floor => floor.EnqueueAsync(64, Drained)), () => OnOursAsync(ours => ours.EnqueueAsync(64, Drained))),
        new("enqueue-bulk", "enqueue 100,000 at once", PerSecond, () => OnFloorAsync(floor => floor.BulkAsync(Many)), () => OnOursAsync(ours => ours.BulkAsync(Many))),
        Drain("drain-1", "drain, one at a time", 1),
        Drain("drain-10", "drain, 10 at a time", 10),
        Drain("drain-10-logged", "the same, the floor with log entries", 10, logs: true),
        Drain("drain-64", "drain, 64 at a time", 64),
        new("processes-4", "drain by 4 processes, against one", PerSecond, () => ByProcessesAsync(1), () => ByProcessesAsync(4)),
        new("pickup-same", "pick-up in the same process, p50", Milliseconds, PickUpFloorAsync, PickUpHereAsync),
        new("pickup-other", "pick-up by another process, p50", Milliseconds, PickUpFloorAsync, PickUpThereAsync),
    ];

    /// <summary>The value below which a part of them lies.</summary>
    public static double At(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)(sorted.Count * part)];
    }

    private Measure Drain(string name, string text, int concurrency, bool logs = false) => new(
        name, text, PerSecond, () => OnFloorAsync(floor => floor.DrainAsync(Drained, Batch, logs)), () => OnOursAsync(ours => ours.DrainAsync(Drained), concurrency));

    private Task<double> PickUpFloorAsync() => OnFloorAsync(async floor => MedianOf(await floor.PickUpAsync(Samples).ConfigureAwait(false)));

    private Task<double> PickUpHereAsync() => OnOursAsync(async ours =>
    {
        await ours.StartAsync().ConfigureAwait(false);
        var times = await ours.PickUpAsync(Samples, ours.Begun).ConfigureAwait(false);
        await ours.StopAsync().ConfigureAwait(false);
        return MedianOf(times);
    }, stamps: true);

    private async Task<double> PickUpThereAsync()
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await using var worker = await BenchWorker.StartAsync(url, concurrency: 10, stamps: true).ConfigureAwait(false);
        worker.Go();
        return MedianOf(await ours.PickUpAsync(Samples, worker.Begun).ConfigureAwait(false));
    }

    private async Task<double> ByProcessesAsync(int processes)
    {
        var url = place.NextStore();
        await using var ours = new Ours(url);
        await ours.BulkAsync(Shared).ConfigureAwait(false);
        var workers = await Task.WhenAll(Enumerable.Range(0, processes).Select(_ => BenchWorker.StartAsync(url, concurrency: 10, stamps: false))).ConfigureAwait(false);
        var rate = await Rate.OfAsync(Shared, async () =>
        {
            foreach (var worker in workers)
                worker.Go();
            await ours.WhenToldAsync(Shared).ConfigureAwait(false);
        }).ConfigureAwait(false);
        foreach (var worker in workers)
            await worker.DisposeAsync().ConfigureAwait(false);
        if (processes > 1)
            LeastShare = Math.Min(LeastShare ?? 1, workers.Min(worker => worker.Count) / (double)Shared);
        return rate;
    }

    /// <summary>What part of the work the process got that got least, of all times that several did it; null when none did.</summary>
    public double? LeastShare { get; private set; }

    private static double MedianOf(IReadOnlyList<double> times) => At(times.Skip(WarmUps), 0.5);

    private async Task<double> OnFloorAsync(Func<IFloor, Task<double>> measure)
    {
        await using var floor = await place.NextFloorAsync().ConfigureAwait(false);
        await floor.EnqueueOneAsync(1).ConfigureAwait(false);
        return await measure(floor).ConfigureAwait(false);
    }

    private async Task<double> OnOursAsync(Func<Ours, Task<double>> measure, int concurrency = 10, bool stamps = false)
    {
        await using var ours = new Ours(place.NextStore(), worker => worker.Concurrency = concurrency, stamps);
        return await measure(ours).ConfigureAwait(false);
    }
}
