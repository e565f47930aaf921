using System.Diagnostics;
using System.Globalization;
using System.Text;
using Npgsql;
using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Storage;
using Steadwork.Workers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Measures what a transaction that does nothing, of whatever other program, costs a steady load: while it lives the server
/// keeps every row version that it might see, and claims have to step over those of jobs that are long done.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told each window's figures.</param>
public sealed class IdleTransaction(string folder, Action<string> progress)
{
    private const string Type = "steady";
    private const double MostRatio = 3;
    private const int BatchSize = 20, JobsASecond = 2000;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    // Longer than autovacuum's nap, so that one of its rounds is in it.
    private static readonly TimeSpan Without = TimeSpan.FromSeconds(70);

    private static readonly (string Name, string Isolation, string Statement)[] Variants = [
        ("a snapshot", "REPEATABLE READ", "SELECT count(*) FROM other"),
        ("a transaction id", "READ COMMITTED", "INSERT INTO other VALUES (1)")];

    public async Task<FaultReport> RunAsync(int seconds)
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await server.ExecuteAsync("CREATE TABLE other (number integer)");
        await using var producing = await PostgreSqlStore.OpenAsync(server.Url);
        await using var working = new TimedStore(await PostgreSqlStore.OpenAsync(server.Url));
        await using var worker = new WorkerHost(working, Catalog(), new WorkerOptions());
        await worker.StartAsync();
        using var enough = new CancellationTokenSource();
        var enqueueing = EnqueueAsync(producing, enough.Token);
        var (lines, violations) = (new List<string>(), new List<string>());
        foreach (var variant in Variants)
        {
            var before = await MeasureAsync(server, working, $"without {variant.Name}", Without);
            double[] during;
            await using (var idle = await server.ConnectAsync())
            {
                // Its end is the connection's.
                await using var command = new NpgsqlCommand($"BEGIN ISOLATION LEVEL {variant.Isolation}; {variant.Statement}", idle);
                await command.ExecuteNonQueryAsync();
                during = await MeasureAsync(server, working, $"with {variant.Name}", TimeSpan.FromSeconds(seconds));
            }
            var ratio = during.At(0.99) / before.At(0.99);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{variant.Name} held for {seconds} s: {before.InWords()} before, {during.InWords()} in its last window, ratio of p99 {ratio:0.0}"));
            if (ratio > MostRatio)
                violations.Add(string.Create(CultureInfo.InvariantCulture, $"beside {variant.Name} the p99 of claims was {ratio:0.0} times what it was before; {MostRatio} is the most"));
        }
        enough.Cancel();
        await enqueueing;
        return new FaultReport(lines, violations);
    }

    /// <returns>The last window's measurements.</returns>
    private async Task<double[]> MeasureAsync(PostgresServer server, TimedStore store, string what, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        double[] window = [];
        store.Take();
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            await Task.Delay(Window, TimeProvider.System);
            window = store.Take();
            progress($"{what}: {window.InWords()} exchanges; {await server.ExecuteAsync("""
                SELECT format('%s ended, %s left, jobs %s, jobs_ready %s', (SELECT count(*) FROM steadwork.history), (SELECT count(*) FROM steadwork.jobs),
                    pg_size_pretty(pg_relation_size('steadwork.jobs')), pg_size_pretty(pg_relation_size('steadwork.jobs_ready')))
                """)}");
        }
        return window;
    }

    private static JobCatalog Catalog()
    {
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Type, null, new JobTypeOptions(), static _ => Task.FromResult<ReadOnlyMemory<byte>>(default)));
        return catalog;
    }

    /// <summary>By the clock: what a slow answer has held up is made up for.</summary>
    private static async Task EnqueueAsync(IStore store, CancellationToken stop)
    {
        NewJob[] batch = [.. Enumerable.Repeat(new NewJob { Type = Type, Payload = Encoding.UTF8.GetBytes("""{"number":1}""") }, BatchSize)];
        var began = Stopwatch.GetTimestamp();
        for (var enqueued = 0L; !stop.IsCancellationRequested; enqueued += BatchSize)
        {
            var ahead = TimeSpan.FromSeconds((double)enqueued / JobsASecond) - Stopwatch.GetElapsedTime(began);
            if (ahead > TimeSpan.Zero)
                await Task.Delay(ahead, TimeProvider.System, CancellationToken.None);
            await store.EnqueueAsync(batch, CancellationToken.None);
        }
    }

}
