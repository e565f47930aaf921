using Steadwork.PostgreSql;
using Steadwork.Workers;

namespace Steadwork.Bench;

/// <summary>The store with all that it does: keys, log, counts, leases.</summary>
internal sealed class Ours(PostgreSqlStore store) : IAsyncDisposable
{
    private const string Type = "nothing";
    private static readonly NewJob Job = new() { Type = Type, Payload = """{"path":"notes/2026/a-note-of-usual-length.md","size":12345,"tags":["a","b","c"],"reason":"import of notes"}"""u8.ToArray() };

    public static async Task<Ours> OpenAsync(string url) =>
        new(await PostgreSqlStore.OpenAsync(url, new PostgreSqlStoreOptions { Schema = "steadwork_bench" }));

    public async Task<double> EnqueueAsync(int callers, int jobs)
    {
        var rate = await Rate.OfAsync(jobs, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var count = 0; count < jobs / callers; count++)
                await store.EnqueueAsync([Job], CancellationToken.None);
        })));
        await DrainAsync(0, concurrency: 10);
        return rate;
    }

    public async Task<double> DrainAsync(int jobs, int concurrency)
    {
        for (var count = 0; count < jobs; count += 10_000)
            await store.EnqueueAsync([.. Enumerable.Repeat(Job, Math.Min(10_000, jobs - count))], CancellationToken.None);
        var left = (await store.StatisticsAsync(CancellationToken.None)).Lanes.Sum(lane => lane.Counts.Pending);
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
            var worker = new WorkerHost(store, catalog, new WorkerOptions { Concurrency = concurrency });
            await worker.StartAsync();
            await done.Task;
            // Stopped only when the store has been told of every end.
            await worker.StopAsync();
        });
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
