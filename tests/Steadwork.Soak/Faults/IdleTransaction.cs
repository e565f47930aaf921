using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Workers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Measures what a transaction that does nothing, of whatever other program, costs a steady load: while it lives the server
/// keeps every row version that it might see, and claims have to step over those of jobs that are long done.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told each window's figures.</param>
/// <param name="isAlone">
/// Whether nothing else runs on the machine: then it is held to what is promised. Else the jobs that are long done are made at once, so that
/// short windows are enough, and the median is looked at, which the rest of the machine moves less.
/// </param>
public sealed class IdleTransaction(string folder, Action<string> progress, bool isAlone)
{
    private const int JobsASecond = 2000;
    // Before all others in the line of the one lane that there is. Whoever looked before must be able to see them still, for all that the server knows.
    private const string LongDone = """
        INSERT INTO steadwork.jobs (id, run_at, created_at, lane, max_attempts, priority, ready, state, payload)
        SELECT -number, now(), now(), lane, 1, 1, true, 'pending', '{}' FROM generate_series(1, 300000) AS number, (SELECT min(id) AS lane FROM steadwork.lanes) AS lanes;
        DELETE FROM steadwork.jobs WHERE id < 0;
        """;

    private static readonly (string Name, string Isolation, string Statement)[] Variants = [
        ("a snapshot", "REPEATABLE READ", "SELECT count(*) FROM other"),
        ("a transaction id", "READ COMMITTED", "INSERT INTO other VALUES (1)")];

    private const double MostRatio = 3;
    private readonly double part = isAlone ? 0.99 : 0.5;
    private readonly TimeSpan window = TimeSpan.FromSeconds(isAlone ? 10 : 3);
    // Longer than autovacuum's nap, so that one of its rounds is in it.
    private readonly TimeSpan without = TimeSpan.FromSeconds(isAlone ? 70 : 6);

    public async Task<FaultReport> RunAsync(int seconds)
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await server.ExecuteAsync("CREATE TABLE other (number integer)");
        await using var producing = await PostgreSqlStore.OpenAsync(server.Url);
        await using var working = new TimedStore(await PostgreSqlStore.OpenAsync(server.Url));
        await using var worker = new WorkerHost(working, PacedJobs.Catalog(), new WorkerOptions());
        await worker.StartAsync();
        using var enough = new CancellationTokenSource();
        var enqueueing = PacedJobs.EnqueueAsync(producing, JobsASecond, enough.Token);
        var (lines, violations) = (new List<string>(), new List<string>());
        foreach (var variant in Variants)
        {
            var before = await MeasureAsync(server, working, $"without {variant.Name}", without);
            double[] during;
            await using (var idle = await server.ConnectAsync())
            {
                // Its end is the connection's.
                await using var command = new NpgsqlCommand($"BEGIN ISOLATION LEVEL {variant.Isolation}; {variant.Statement}", idle);
                await command.ExecuteNonQueryAsync();
                if (!isAlone)
                    await server.ExecuteAsync(LongDone);
                during = await MeasureAsync(server, working, $"with {variant.Name}", TimeSpan.FromSeconds(seconds));
            }
            var ratio = during.At(part) / before.At(part);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{variant.Name} held for {seconds} s: {before.InWords()} before, {during.InWords()} in its last window, ratio of p{100 * part:0} {ratio:0.0}"));
            // Where nothing was claimed at all there is no ratio.
            if (!(ratio <= MostRatio))
                violations.Add(string.Create(CultureInfo.InvariantCulture, $"beside {variant.Name} the p{100 * part:0} of claims was {ratio:0.0} times what it was before; {MostRatio} is the most"));
        }
        enough.Cancel();
        await enqueueing;
        return new FaultReport(lines, violations);
    }

    /// <returns>The last window's measurements.</returns>
    private async Task<double[]> MeasureAsync(PostgresServer server, TimedStore store, string what, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        double[] times = [];
        store.Take();
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            await Task.Delay(window, TimeProvider.System);
            times = store.Take();
            progress($"{what}: {times.InWords()} exchanges; {await server.ExecuteAsync("""
                SELECT format('%s ended, %s left, jobs %s, jobs_ready %s', (SELECT count(*) FROM steadwork.history), (SELECT count(*) FROM steadwork.jobs),
                    pg_size_pretty(pg_relation_size('steadwork.jobs')), pg_size_pretty(pg_relation_size('steadwork.jobs_ready')))
                """)}");
        }
        return times;
    }
}
