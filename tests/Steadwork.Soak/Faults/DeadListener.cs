using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Workers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Measures how soon a job that another store's connections have enqueued is begun: while the worker's listening connection
/// is alive, when the server has ended it, and when it has fallen silent without anybody being told.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
/// <param name="isAlone">Whether nothing else runs on the machine: then it is held to what is promised, and else to what no poll could keep to at the median.</param>
public sealed class DeadListener(string folder, Action<string> progress, bool isAlone)
{
    private const int DeafSamples = 8;
    // A silence is noticed by a look and by the answer to it that does not come, ten seconds in all.
    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(10), NoticeLimit = TimeSpan.FromSeconds(30);

    // What is heard through the proxy takes two more steps on its way; what is found by a poll takes half a second at the median.
    private static readonly TimeSpan HeardLimit = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan deadLimit = TimeSpan.FromSeconds(isAlone ? 1.2 : 2.5), aliveLimit = TimeSpan.FromMilliseconds(isAlone ? 3 : 250);

    private readonly Channel<long> begun = Channel.CreateUnbounded<long>();
    private readonly List<string> violations = [];
    private readonly List<string> lines = [];

    public async Task<FaultReport> RunAsync(int samples)
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var producing = await PostgreSqlStore.OpenAsync(server.Url);
        await using (var working = await PostgreSqlStore.OpenAsync(server.Url))
        await using (await WorkAsync(working))
        {
            // The first of everything takes longer, until the runtime has compiled the paths once more.
            await MeasureAsync(producing, 100);

            Expect("alive", 0.5, aliveLimit, await MeasureAsync(producing, samples));
            await server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
            Expect("just ended by the server", 0.99, deadLimit, await MeasureAsync(producing, 3));
                await ComesAsync("listens again", ReturnLimit, async () => (long)(await server.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"))! > 0);
            Expect("alive again", 0.5, aliveLimit, await MeasureAsync(producing, samples));
        }

        // Only now: each message would take two more steps on its way.
        await using var proxy = new Proxy(server.Port);
        await using var beyond = await PostgreSqlStore.OpenAsync(string.Create(CultureInfo.InvariantCulture, $"postgres://steadwork@127.0.0.1:{proxy.Port}/postgres"));
        await using var worker = await WorkAsync(beyond);
        await MeasureAsync(producing, 20);
        // Each silence lasts until the store has looked, and has made the connection anew: for so many jobs it is deaf.
        var deaf = new List<double>();
        while (deaf.Count < samples / 5)
        {
            if (proxy.Silence("LISTEN "u8) == 0)
                violations.Add("no listening connection was found to be silenced");
            deaf.AddRange(await MeasureAsync(producing, DeafSamples));
            await ComesAsync("listens anew after a silence", NoticeLimit, () => Task.FromResult(proxy.AreHeard("LISTEN "u8)));
        }
        Expect("silent", 0.99, deadLimit, deaf);
        Expect("made anew after a silence", 0.5, isAlone ? HeardLimit : aliveLimit, await MeasureAsync(producing, 20));
        return new FaultReport(lines, violations);
    }

    private async Task ComesAsync(string what, TimeSpan limit, Func<Task<bool>> holds)
    {
        if (!await Until.TrueAsync(holds, limit))
            violations.Add($"after {limit} it was not so that the worker {what}");
    }

    private async Task<WorkerHost> WorkAsync(PostgreSqlStore store)
    {
        var worker = new WorkerHost(store, PacedJobs.Catalog(() => begun.Writer.TryWrite(Stopwatch.GetTimestamp())), new WorkerOptions());
        await worker.StartAsync();
        return worker;
    }

    /// <summary>One job after the other, each enqueued once the last has begun.</summary>
    private async Task<List<double>> MeasureAsync(PostgreSqlStore store, int samples)
    {
        var milliseconds = new List<double>();
        for (var sample = 0; sample < samples; sample++)
        {
            // A store rings 50 times a second at the most.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(25, 60)), TimeProvider.System);
            var began = Stopwatch.GetTimestamp();
            await store.EnqueueAsync(PacedJobs.Jobs(1), CancellationToken.None);
            milliseconds.Add(Stopwatch.GetElapsedTime(began, await begun.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1))).TotalMilliseconds);
        }
        return milliseconds;
    }

    private void Expect(string listener, double part, TimeSpan limit, List<double> milliseconds)
    {
        lines.Add($"listener {listener}: from the enqueue's call to the handler's start {milliseconds.InWords()}");
        progress(lines[^1]);
        if (milliseconds.At(part) > limit.TotalMilliseconds)
            violations.Add(string.Create(CultureInfo.InvariantCulture, $"with its listener {listener}, a worker began jobs after {milliseconds.At(part):0.0} ms where {limit.TotalMilliseconds:0} are allowed"));
    }
}
