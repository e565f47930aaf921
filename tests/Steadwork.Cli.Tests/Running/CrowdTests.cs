using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>One after the other and after all else: beside a crowd of processes nothing keeps to a time.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Crowds;

[Collection<Crowds>]
public abstract class CrowdTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private const int Processes = 64;
    private const int JobsEach = 20;
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Sixty_four_processes_enqueue_and_work_on_one_store_without_an_error_and_nothing_is_lost()
    {
        // Half of them bring jobs, one call after another; half of them work until nothing is left to be done.
        var lines = folder.Write("jobs", string.Concat(Enumerable.Range(0, JobsEach).Select(job => $"{{\"n\":{job}}}\n")));
        var producers = Enumerable.Range(0, Processes / 2).Select(_ => folder.Start("enqueue", "note", "--jsonl", lines)).ToList();
        var first = await producers[0].EndAsync();
        first.Good();
        var workers = Enumerable.Range(0, Processes / 2).Select(_ => folder.Start("work", "--exec", "note=cat", "--concurrency", "2", "--drain", "--json")).ToList();

        foreach (var producer in producers.Skip(1))
            (await producer.EndAsync()).Good().ShouldBe($"{JobsEach} jobs enqueued\n");
        // A worker may find nothing left before the last producer is done; one more sees to what came after.
        foreach (var worker in workers)
            (await worker.EndAsync()).Good();
        (await folder.RunAsync("work", "--exec", "note=cat", "--drain", "--json")).Good();

        await using var store = folder.OpenStore();
        var counts = (await store.StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.Single().Counts;
        counts.ShouldBe(new StateCounts(0, 0, 0, Processes / 2 * JobsEach, 0, 0));
        var jobs = await store.FindAsync(new JobQuery { Limit = int.MaxValue }, TestContext.Current.CancellationToken);
        jobs.ShouldAllBe(job => job.Attempt == 1);
        jobs.Select(job => job.Worker).Distinct().Count().ShouldBeGreaterThan(1);
        foreach (var process in producers.Concat(workers))
            process.Dispose();
    }
}
