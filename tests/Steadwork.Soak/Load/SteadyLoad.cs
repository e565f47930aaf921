using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Steadwork.PostgreSql;
using Steadwork.Storage;
using Steadwork.Workers;

namespace Steadwork.Soak.Load;

/// <summary>Producers that enqueue small batches with unique keys, and workers with short handlers, each with a store of its own as in a process of its own.</summary>
public sealed class SteadyLoad : IAsyncDisposable
{
    private const string Type = "fault";
    private const int Producers = 4, Workers = 2, LargestBatch = 5, MostOpen = 2000, SomeJobs = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string connectionString;
    private readonly EventCounts events = new();
    private readonly CancellationTokenSource enough = new();
    private readonly List<IAsyncDisposable> parts = [];
    private Task producing = Task.CompletedTask;

    private SteadyLoad(string connectionString) => this.connectionString = connectionString;

    public WorkLedger Ledger { get; } = new();

    /// <summary>What its workers had to put up with, in words.</summary>
    public string Counts => $"{events["EndToldTwice"]} ends told twice after a lost answer, {events["LateEndRefused"]} late ends refused, {events["WorkerLost"]} workers lost";

    /// <summary>Begins to enqueue and to work.</summary>
    public static async Task<SteadyLoad> StartAsync(string connectionString)
    {
        var load = new SteadyLoad(connectionString);
        for (var worker = 0; worker < Workers; worker++)
            await load.StartWorkerAsync();
        var store = await load.OpenAsync();
        load.producing = Task.WhenAll(Enumerable.Range(0, Producers).Select(producer => load.ProduceAsync(store, producer)));
        return load;
    }

    /// <summary>Waits until some more jobs have been acknowledged and some have been worked on.</summary>
    /// <returns>How long that took; null when it was not so in time.</returns>
    public async Task<TimeSpan?> WorksAgainAsync(TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        var (acknowledged, ended) = (Ledger.Acknowledged.Count, Ledger.Finished);
        return await Until.TrueAsync(() => Task.FromResult(Ledger.Acknowledged.Count >= acknowledged + SomeJobs && Ledger.Finished >= ended + SomeJobs), limit)
            ? Stopwatch.GetElapsedTime(began)
            : null;
    }

    /// <summary>Ends the enqueueing, and waits until all that is stored has ended.</summary>
    /// <returns>What is wrong with that, in words.</returns>
    public async Task<List<string>> DrainAsync(TimeSpan limit)
    {
        enough.Cancel();
        try
        {
            await producing.WaitAsync(limit);
            await using var store = await PostgreSqlStore.OpenAsync(connectionString);
            using var ended = new SemaphoreSlim(0);
            using var ends = store.Listen(WakeUp.Ends, _ => ended.Release());
            using var late = new CancellationTokenSource(limit, TimeProvider.System);
            while ((await store.StatisticsAsync(late.Token)).Lanes.Any(lane => lane.Counts.Pending + lane.Counts.Running > 0))
                await ended.WaitAsync(TimeSpan.FromSeconds(1), late.Token);
            return [];
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return [producing.IsCompleted ? $"jobs are left that have not ended within {limit}" : $"an enqueue was not answered within {limit}"];
        }
    }

    public async ValueTask DisposeAsync()
    {
        enough.Cancel();
        // The workers before the stores that they use.
        foreach (var part in Enumerable.Reverse(parts))
            await part.DisposeAsync();
        enough.Dispose();
    }

    private async Task StartWorkerAsync()
    {
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Type, null, new JobTypeOptions(), async context =>
        {
            Ledger.Started(context.Id);
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(0, 5)), TimeProvider.System, CancellationToken.None);
            Ledger.Ended(context.Id);
            return default;
        }));
        var host = new WorkerHost(new TimedStore(await OpenAsync(), Ledger.Take), catalog, new WorkerOptions(), loggers: events);
        await host.StartAsync();
        parts.Add(host);
    }

    private async Task<IStore> OpenAsync()
    {
        var store = await PostgreSqlStore.OpenAsync(connectionString);
        parts.Add(store);
        return store;
    }

    private async Task ProduceAsync(IStore store, int producer)
    {
        await Task.Yield();
        for (var batch = 0; !enough.IsCancellationRequested; batch++)
        {
            string[] keys = [.. Enumerable.Range(0, Random.Shared.Next(1, LargestBatch + 1)).Select(place => $"{producer}-{batch}-{place}")];
            // Every second one is told again until it is answered, as by a caller that has to be sure.
            while (!await EnqueueAsync(store, keys) && batch % 2 == 0)
                await Task.Delay(Pause, TimeProvider.System);
            do
                await Task.Delay(Pause, TimeProvider.System);
            while (Ledger.Open > MostOpen && !enough.IsCancellationRequested);
        }
    }

    private async Task<bool> EnqueueAsync(IStore store, string[] keys)
    {
        try
        {
            Ledger.Acknowledge(keys, await store.EnqueueAsync([.. keys.Select(Draft)], CancellationToken.None));
            return true;
        }
        catch (StoreUnavailableException)
        {
            Ledger.Doubt(keys);
            return false;
        }
    }

    private static NewJob Draft(string key) => new()
    {
        Type = Type,
        Payload = Encoding.UTF8.GetBytes($"{{\"key\":\"{key}\"}}"),
        UniqueKey = key,
        UniqueScope = UniqueScope.WhileKept,
    };

    /// <summary>The key of a job of this load.</summary>
    public static string KeyOf(Job job)
    {
        using var payload = JsonDocument.Parse(job.Payload);
        return payload.RootElement.GetProperty("key").GetString()!;
    }
}
