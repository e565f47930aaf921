using System.Diagnostics;
using System.Text;
using Steadwork.Storage;

namespace Steadwork.Soak.Load;

/// <summary>Jobs with nothing to do, one by one or so many a second.</summary>
public static class PacedJobs
{
    private const string Type = "steady";
    private const int BatchSize = 20;

    /// <summary>The handler.</summary>
    /// <param name="handled">Told of each.</param>
    public static JobCatalog Catalog(Action? handled = null)
    {
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Type, null, new JobTypeOptions(), _ =>
        {
            handled?.Invoke();
            return Task.FromResult<ReadOnlyMemory<byte>>(default);
        }));
        return catalog;
    }

    /// <summary>By the clock: what a slow answer has held up is made up for.</summary>
    public static async Task EnqueueAsync(IStore store, int jobsASecond, CancellationToken stop)
    {
        var batch = Jobs(BatchSize);
        var began = Stopwatch.GetTimestamp();
        for (var enqueued = 0L; !stop.IsCancellationRequested; enqueued += BatchSize)
        {
            var ahead = TimeSpan.FromSeconds((double)enqueued / jobsASecond) - Stopwatch.GetElapsedTime(began);
            if (ahead > TimeSpan.Zero)
                await Task.Delay(ahead, TimeProvider.System, CancellationToken.None);
            await store.EnqueueAsync(batch, CancellationToken.None);
        }
    }

    public static NewJob[] Jobs(int count) => [.. Enumerable.Repeat(new NewJob { Type = Type, Payload = Encoding.UTF8.GetBytes("""{"number":1}""") }, count)];
}
