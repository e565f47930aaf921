using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>Does by hand what a worker does, so that a test can bring a job into any state.</summary>
internal static class TestWorkers
{
    /// <summary>Registers a worker.</summary>
    public static async Task<WorkerId> StartWorkerAsync(this IStore store, string[] queues, params string[] types) =>
        (await store.StartWorkerAsync(new WorkerStart("tester", queues, types, 10, TimeSpan.FromMinutes(10)) { Tags = ["gpu", "eu"] }, TestContext.Current.CancellationToken)).Id;

    /// <summary>Claims the next job of a type.</summary>
    public static async Task<ClaimedJob> ClaimAsync(this IStore store, WorkerId worker, string queue, string type)
    {
        var exchange = await store.ExchangeAsync(worker, [], new ClaimRequest([queue], [type], 1, 0), TestContext.Current.CancellationToken);
        return exchange.Claimed.ShouldHaveSingleItem();
    }

    /// <summary>Ends a claimed job.</summary>
    public static async Task EndAsync(this IStore store, WorkerId worker, ClaimedJob job, Transition transition)
    {
        var end = new AttemptEnd(job.Id, job.Lease, transition, TimeProvider.System.GetUtcNow());
        (await store.ExchangeAsync(worker, [end], null, TestContext.Current.CancellationToken)).Accepted.ShouldBe([true]);
    }
}
