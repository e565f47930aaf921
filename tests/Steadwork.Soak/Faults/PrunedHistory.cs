using System.Diagnostics;
using System.Globalization;
using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Storage;
using Steadwork.Workers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Fills a history, prunes it beside a steady load, and fills it again: measures how fast it goes and what it costs claims, and that
/// the room of what is gone is used for what comes.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class PrunedHistory(string folder, Action<string> progress)
{
    private const int JobsASecond = 1000, Chunk = 1000;
    // What is in the pages that are filled at the moment.
    private static readonly (string Name, double MostGrowth)[] Relations = [("history", 1.3), ("history_pkey", 1.3), ("log", 1.3)];
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);
    private static readonly RetentionRules Nothing = new([new RetentionRule(TimeSpan.Zero)], TimeSpan.Zero);
    private readonly List<string> lines = [];
    private long handled;

    /// <param name="jobs">How many fill it.</param>
    public async Task<FaultReport> RunAsync(int jobs)
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var producing = await PostgreSqlStore.OpenAsync(server.Url);
        await using var working = new TimedStore(await PostgreSqlStore.OpenAsync(server.Url));
        await using var worker = new WorkerHost(working, PacedJobs.Catalog(() => Interlocked.Increment(ref handled)), new WorkerOptions());
        await worker.StartAsync();

        await FillAsync(producing, jobs, "fill");
        Dictionary<string, long> first;
        PruneMark reached;
        using (var enough = new CancellationTokenSource())
        {
            var load = PacedJobs.EnqueueAsync(producing, JobsASecond, enough.Token);
            await Task.Delay(Window, TimeProvider.System);
            working.Take();
            await Task.Delay(Window, TimeProvider.System);
            lines.Add($"claims at {JobsASecond} jobs a second: {working.Take().InWords()}");
            first = await SizesAsync(server, "filled");
            reached = await PruneAsync(producing, default, jobs);
            lines.Add($"claims beside the pruning: {working.Take().InWords()}");
            enough.Cancel();
            await load;
        }
        // What came beside it, too: nothing comes now.
        await PruneAsync(producing, reached, long.MaxValue);
        // As autovacuum does when it comes. The second finds that nobody looks any more at the pages of the index that the first has freed.
        for (var turn = 0; turn < 2; turn++)
            await server.ExecuteAsync("VACUUM steadwork.history, steadwork.log");
        await SizesAsync(server, "pruned and vacuumed");
        await FillAsync(producing, jobs, "fill again");
        var second = await SizesAsync(server, "filled again");
        return new FaultReport(lines, [.. Relations.Where(relation => second[relation.Name] > first[relation.Name] * relation.MostGrowth)
            .Select(relation => string.Create(CultureInfo.InvariantCulture, $"{relation.Name} took {first[relation.Name]:N0} bytes filled once and {second[relation.Name]:N0} filled again after it had been pruned"))]);
    }

    private async Task FillAsync(PostgreSqlStore store, int jobs, string what)
    {
        var before = Interlocked.Read(ref handled);
        var began = Stopwatch.GetTimestamp();
        for (var enqueued = 0; enqueued < jobs; enqueued += Chunk)
            await store.EnqueueAsync(PacedJobs.Jobs(Math.Min(Chunk, jobs - enqueued)), CancellationToken.None);
        if (!await Until.TrueAsync(() => Task.FromResult(Interlocked.Read(ref handled) - before >= jobs), TimeSpan.FromMinutes(30)))
            throw new TimeoutException($"Of {jobs} jobs {Interlocked.Read(ref handled) - before} have been run.");
        progress(string.Create(CultureInfo.InvariantCulture, $"{what}: {jobs:N0} jobs in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
    }

    /// <summary>One step after the other, with the rests of a worker, until so many are gone, or all.</summary>
    /// <returns>Where it has come to.</returns>
    private async Task<PruneMark> PruneAsync(PostgreSqlStore store, PruneMark mark, long most)
    {
        var began = Stopwatch.GetTimestamp();
        var (work, removed) = (TimeSpan.Zero, 0L);
        for (var isOver = false; !isOver && removed < most;)
        {
            var stepBegan = Stopwatch.GetTimestamp();
            var step = await store.PruneAsync(Nothing, mark, store.PrunePace.StepSize, CancellationToken.None);
            var took = Stopwatch.GetElapsedTime(stepBegan);
            (work, mark, removed, isOver) = (work + took, step.Reached, removed + step.Jobs, step.IsOver);
            await Task.Delay(store.PrunePace.RestAfter(took), TimeProvider.System);
        }
        lines.Add(string.Create(CultureInfo.InvariantCulture,
            $"{removed:N0} jobs pruned in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s, {removed / work.TotalSeconds:N0} a second of the steps without their rests"));
        progress(lines[^1]);
        return mark;
    }

    private async Task<Dictionary<string, long>> SizesAsync(PostgresServer server, string when)
    {
        var sizes = new Dictionary<string, long>();
        foreach (var (name, _) in Relations)
            sizes[name] = (long)(await server.ExecuteAsync($"SELECT pg_relation_size('steadwork.{name}')"))!;
        lines.Add($"{when}: {string.Join(", ", sizes.Select(size => string.Create(CultureInfo.InvariantCulture, $"{size.Key} {size.Value / 1048576.0:0.0} MiB")))}");
        progress(lines[^1]);
        return sizes;
    }
}
