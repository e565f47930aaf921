using Microsoft.Extensions.Logging.Abstractions;
using Steadwork.PostgreSql;
using Steadwork.Sqlite;
using Steadwork.Storage;
using Steadwork.Workers;
using Steadwork.Workers.Pruning;

namespace Steadwork.Bench;

/// <summary>The store with all that it does: keys, log, counts, leases.</summary>
internal sealed class Ours(IStore store, IStore other, IStore silent) : IAsyncDisposable
{
    /// <summary>Before the path of a file.</summary>
    public const string File = "sqlite:";
    private const string Type = "nothing";
    private static readonly NewJob Job = new() { Type = Type, Payload = """{"path":"notes/2026/a-note-of-usual-length.md","size":12345,"tags":["a","b","c"],"reason":"import of notes"}"""u8.ToArray() };

    public static async Task<Ours> OpenAsync(string url) =>
        new(await OpenAsync(url, 50), await OpenAsync(url, 50), await OpenAsync(url, 0));

    private static async Task<IStore> OpenAsync(string url, int rings) => url.StartsWith(File, StringComparison.Ordinal)
        ? SqliteStore.Open(url[File.Length..])
        : await PostgreSqlStore.OpenAsync(url, new PostgreSqlStoreOptions { Schema = "steadwork_bench", MostRingsASecond = rings });

    /// <param name="callers">How many enqueue, one job after the other each.</param>
    /// <param name="jobs">How many in all.</param>
    /// <param name="rings">Whether the workers of other processes are rung; a listener of theirs hears it.</param>
    public async Task<double> EnqueueAsync(int callers, int jobs, bool rings = true)
    {
        var sender = rings ? store : silent;
        using var hearing = other.Listen(WakeUp.Jobs, _ => { });
        var rate = await Rate.OfAsync(jobs, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var count = 0; count < jobs / callers; count++)
                await sender.EnqueueAsync([Job], CancellationToken.None);
        })));
        await DrainAsync(0, concurrency: 10);
        return rate;
    }

    /// <param name="jobs">How many.</param>
    /// <param name="concurrency">How many handlers at once.</param>
    /// <param name="keyed">Whether each has an exclusive key, which is its own.</param>
    /// <param name="order">In which order.</param>
    /// <param name="priorities">How many priorities they have, in turns.</param>
    public async Task<double> DrainAsync(int jobs, int concurrency, bool keyed = false, ClaimOrder order = ClaimOrder.Priority, int priorities = 1)
    {
        await FillAsync(jobs, number => Job with { ExclusiveKey = keyed ? $"key {number}" : null, Priority = 1 + number % priorities });
        var left = (await store.StatisticsAsync(CancellationToken.None)).Lanes.Where(lane => lane.Type == Type).Sum(lane => lane.Counts.Pending + lane.Counts.Waiting);
        var done = new TaskCompletionSource();
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Type, null, new JobTypeOptions(), _ =>
        {
            if (Interlocked.Decrement(ref left) == 0)
                done.TrySetResult();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        return await Rate.OfAsync(jobs, async () =>
        {
            var worker = new WorkerHost(store, catalog, new WorkerOptions { Concurrency = concurrency, ClaimOrder = order });
            await worker.StartAsync();
            await done.Task;
            // Stopped only when the store has been told of every end.
            await worker.StopAsync();
        });
    }

    /// <summary>Drains beside jobs that all wait behind one exclusive key, whose bearer nobody runs.</summary>
    public async Task<double> DrainBesideAsync(int waiting, int jobs, int concurrency)
    {
        var busy = Job with { Type = "busy", ExclusiveKey = "busy" };
        await FillAsync(waiting, _ => busy);
        var rate = await DrainAsync(jobs, concurrency);
        var all = await store.FindAsync(new JobQuery { Type = "busy", State = JobState.Waiting, Limit = waiting }, CancellationToken.None);
        foreach (var chunk in all.Select(job => job.Id).Chunk(10_000))
            await store.RequestAsync(chunk, JobRequest.Delete, "bench", CancellationToken.None);
        return rate;
    }

    /// <summary>Drains while jobs that have ended, as many as are drained or more, are pruned as every worker does.</summary>
    public async Task<double> DrainWhilePruningAsync(int jobs, int concurrency)
    {
        await DrainAsync(jobs, concurrency);
        await other.SetRetentionAsync(new RetentionRules([new(TimeSpan.Zero)], TimeSpan.Zero), "bench", CancellationToken.None);
        try
        {
            using var pruning = new PruningLoop(other, TimeProvider.System, () => 0, NullLogger.Instance);
            pruning.Start();
            return await DrainAsync(jobs, concurrency);
        }
        finally
        {
            await other.SetRetentionAsync(RetentionRules.Default, "bench", CancellationToken.None);
        }
    }

    /// <summary>Prunes jobs that have ended, and the log, without a rest between the steps.</summary>
    public async Task<double> PruneAsync(int jobs)
    {
        await PruneAllAsync();
        await DrainAsync(jobs, concurrency: 10);
        return await Rate.OfAsync(jobs, PruneAllAsync);
    }

    private async Task PruneAllAsync()
    {
        var mark = default(PruneMark);
        for (var isOver = false; !isOver;)
        {
            var step = await store.PruneAsync(new RetentionRules([new(TimeSpan.Zero)], TimeSpan.Zero), mark, store.PrunePace.StepSize, CancellationToken.None);
            (mark, isOver) = (step.Reached, step.IsOver);
        }
    }

    private async Task FillAsync(int jobs, Func<int, NewJob> job)
    {
        for (var count = 0; count < jobs; count += 10_000)
            await store.EnqueueAsync([.. Enumerable.Range(count, Math.Min(10_000, jobs - count)).Select(job)], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await silent.DisposeAsync();
        await other.DisposeAsync();
        await store.DisposeAsync();
    }
}
