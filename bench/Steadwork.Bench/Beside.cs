using System.Diagnostics;
using Steadwork.PostgreSql;
using Steadwork.Sqlite;
using Steadwork.Storage;

namespace Steadwork.Bench;

/// <summary>The claim of one job beside a million that may not run, for every reason that there is, against the same in a store that holds no other.</summary>
internal sealed class Beside(IStore empty, IStore full) : IAsyncDisposable
{
    private const string Type = "nothing";
    private static readonly TimeSpan Lease = TimeSpan.FromHours(1);
    private static readonly BreakerDefinition Down = new("down");
    private static readonly BreakerDefinition Tried = new("tried") { MinimumCalls = 1, BreakTime = TimeSpan.FromMilliseconds(100) };
    private const int Batches = 1000, LimitedKeys = 1000;
    private static readonly string[] Queues = ["default", "paused", "limited"], Types = [Type, "limited", "depends", "keyed", "tries", "paused"];
    private static readonly NewJob Job = new() { Type = Type, Payload = """{"path":"notes/2026/a-note-of-usual-length.md","size":12345}"""u8.ToArray() };

    private readonly Dictionary<IStore, WorkerId> workers = [];

    public static async Task<Beside> OpenAsync(string url) => new(await OpenAsync(url, "empty"), await OpenAsync(url, "full"));

    private static async Task<IStore> OpenAsync(string url, string name) => url.StartsWith(Ours.File, StringComparison.Ordinal)
        ? SqliteStore.Open($"{url[Ours.File.Length..]}-{name}")
        : await PostgreSqlStore.OpenAsync(url, new PostgreSqlStoreOptions { Schema = $"steadwork_bench_{name}" });

    /// <summary>Fills the one store.</summary>
    /// <param name="jobs">With how many.</param>
    public async Task FillAsync(int jobs)
    {
        foreach (var store in new[] { empty, full })
            await StartAsync(store, Tried);
        await full.SwitchBreakerAsync(Down.Name, open: true, "bench", CancellationToken.None);
        await full.PauseAsync(PauseScope.Queue, "paused", "bench", CancellationToken.None);
        await full.PauseAsync(PauseScope.Type, "paused", "bench", CancellationToken.None);
        await full.SetLimitAsync(new RateLimit(LimitScope.Queue, "limited", 1, TimeSpan.FromDays(1)), "bench", CancellationToken.None);
        await full.SetLimitAsync(new RateLimit(LimitScope.Key, "slow", 1, TimeSpan.FromDays(1)), "bench", CancellationToken.None);
        // What uses up the limits, and bears the key, and never ends.
        await full.EnqueueAsync([Job with { Type = "limited", Queue = "limited" }, Job with { Type = "keyed", ExclusiveKey = "slow", ExclusiveLimit = 1000 }, Job with { Type = "keyed", ExclusiveKey = "busy" }], CancellationToken.None);
        await ClaimAsync(full, 3);
        await TryAsync();
        await LimitKeysAsync();
        for (var batch = 0; batch < Batches; batch++)
            await full.AddBatchAsync(new NewBatch { Jobs = [.. Enumerable.Repeat(Job with { Delay = TimeSpan.FromDays(1) }, 10)], Follower = Job, IsOpen = true }, CancellationToken.None);
        var parent = (await full.EnqueueAsync([Job with { Delay = TimeSpan.FromDays(1) }], CancellationToken.None))[0].Id;
        NewJob[] reasons =
        [
            Job with { Delay = TimeSpan.FromDays(1) },
            Job with { Queue = "paused" },
            Job with { Type = "limited", Queue = "limited" },
            Job with { Type = "depends" },
            Job with { Type = "keyed", ExclusiveKey = "busy" },
            Job with { Type = "keyed", ExclusiveKey = "slow", ExclusiveLimit = 1000 },
            Job with { Type = "of another program" },
            Job with { Requires = ["gpu"] },
            Job with { After = [parent] },
            Job with { Type = "paused" },
            Job with { Type = "tries" },
            Job with { Requires = ["gpu"], ExclusiveKey = "one of many" },
        ];
        for (var count = 0; count < jobs; count += 10_000)
            await full.EnqueueAsync([.. Enumerable.Range(count, 10_000).Select(number => reasons[number % reasons.Length] is { ExclusiveKey: "one of many" } job ? job with { ExclusiveKey = $"key {number / reasons.Length / 2}" } : reasons[number % reasons.Length])], CancellationToken.None);
    }

    private async Task StartAsync(IStore store, BreakerDefinition tried)
    {
        var start = new WorkerStart("bench", Queues, Types, 10, Lease) { Breakers = [Down, tried], TypeBreakers = [new TypeBreakers("depends", [Down.Name]), new TypeBreakers("tries", [tried.Name])] };
        workers[store] = (await store.StartWorkerAsync(start, CancellationToken.None)).Id;
    }

    /// <summary>Has one breaker half-open, with a job let through of which nothing is heard.</summary>
    private async Task TryAsync()
    {
        await full.EnqueueAsync([Job with { Type = "tries" }, Job with { Type = "tries" }], CancellationToken.None);
        var failing = (await ClaimAsync(full, 1))[0];
        await full.ExchangeAsync(workers[full], [new AttemptEnd(failing.Id, failing.Lease, new Transition.Fail(new JobError("503", "It is down.")), null) { Calls = [new DependencyCall(Tried.Name, Failed: true, IsProbe: false)] }], null, CancellationToken.None);
        await Task.Delay(Tried.BreakTime * 1.5, TimeProvider.System);
        await StartAsync(full, Tried with { BreakTime = TimeSpan.FromDays(1) });
        await ClaimAsync(full, 1);
        var circuit = (await full.BreakersAsync(CancellationToken.None)).Single(breaker => breaker.Definition.Name == Tried.Name).Circuit;
        if (circuit is not { State: BreakerState.HalfOpen, LetThrough: 1 })
            throw new InvalidOperationException($"The breaker is not half-open: {circuit}");
    }

    /// <summary>Uses up the limit of many keys, behind each of which then somebody waits.</summary>
    private async Task LimitKeysAsync()
    {
        await full.SetLimitAsync(new RateLimit(LimitScope.Key, "each *", 1, TimeSpan.FromDays(1)), "bench", CancellationToken.None);
        NewJob[] each = [.. Enumerable.Range(0, LimitedKeys).Select(key => Job with { ExclusiveKey = $"each {key}" })];
        await full.EnqueueAsync(each, CancellationToken.None);
        while (await ClaimAsync(full, 100) is { Count: > 0 } claimed)
            await full.ExchangeAsync(workers[full], [.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, new Transition.Succeed(default(ReadOnlyMemory<byte>)), null))], null, CancellationToken.None);
        await full.EnqueueAsync(each, CancellationToken.None);
    }

    /// <summary>Milliseconds of one claim each, in turns.</summary>
    public async Task<(List<double> Empty, List<double> Full)> MeasureAsync(int samples)
    {
        var (alone, beside) = (new List<double>(), new List<double>());
        for (var sample = 0; sample < samples; sample++)
        {
            alone.Add(await SampleAsync(empty));
            beside.Add(await SampleAsync(full));
        }
        return (alone, beside);
    }

    private async Task<double> SampleAsync(IStore store)
    {
        await store.EnqueueAsync([Job], CancellationToken.None);
        var began = Stopwatch.GetTimestamp();
        var claimed = await ClaimAsync(store, 10);
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (claimed is not [{ Type: Type } job])
            throw new InvalidOperationException($"{claimed.Count} jobs were claimed, where one may run.");
        await store.ExchangeAsync(workers[store], [new AttemptEnd(job.Id, job.Lease, new Transition.Succeed(default(ReadOnlyMemory<byte>)), null)], claim: null, CancellationToken.None);
        return took;
    }

    private async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(IStore store, int max) =>
        (await store.ExchangeAsync(workers[store], [], new ClaimRequest(Queues, Types, max, 0), CancellationToken.None)).Claimed;

    public async ValueTask DisposeAsync()
    {
        await empty.DisposeAsync();
        await full.DisposeAsync();
    }
}
