using System.Globalization;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Soak.Stores;
using Steadwork.Storage;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Measures how soon a change that is made in one process is seen in what four worker processes begin: for one that stops jobs the
/// last start after it, for one that lets them go the first start on the worker that comes to it last. The programs tell of their
/// starts themselves.
/// </summary>
/// <param name="cli">The <c>steadwork</c> program.</param>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class LiveChanges(string cli, string folder, Action<string> progress)
{
    private const string Type = "item", Ticking = "tick", Queue = "default", Schedule = "ticking", By = "soak";
    private const int Workers = 4, Concurrency = 2, JobsAtOnce = 3000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(30), Interval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, List<double>> lags = [];

    private string Told => Path.Combine(folder, "starts");

    public async Task<FaultReport> RunAsync(IStorePlace place, int rounds)
    {
        await using var store = place.Open();
        var workers = Enumerable.Range(0, Workers).Select(worker => Start(place.Url, worker)).ToList();
        try
        {
            await SupplyAsync(store);
            await EachAsync(after: 0);
            for (var round = 1; round <= rounds; round++)
            {
                await PauseAsync(store, PauseScope.Queue, Queue);
                await PauseAsync(store, PauseScope.Type, Type);
                await LimitAsync(store);
                await ScheduleAsync(store, place.Url);
                await SupplyAsync(store);
                progress($"{round} of {rounds} rounds");
            }
        }
        finally
        {
            foreach (var worker in workers)
                worker.Dispose();
        }
        return new FaultReport(
            [.. lags.Select(change => string.Create(CultureInfo.InvariantCulture, $"{change.Key}: p50 {change.Value.At(0.5):0} ms, longest {change.Value.Max():0} ms of {change.Value.Count}"))],
            [.. lags.Where(change => change.Value.Max() > Limit.TotalMilliseconds).Select(change => string.Create(CultureInfo.InvariantCulture, $"{change.Key}: {change.Value.Max():0} ms, and {Limit.TotalMilliseconds:0} are allowed"))]);
    }

    private async Task PauseAsync(IStore store, PauseScope scope, string name)
    {
        await store.PauseAsync(scope, name, By, CancellationToken.None);
        await StoppedAsync(store, $"{scope} paused, last start", lane => lane.Running);
        await store.ResumeAsync(scope, name, By, CancellationToken.None);
        await GoneOnAsync($"{scope} resumed, first start on the last worker");
    }

    private async Task LimitAsync(IStore store)
    {
        await store.SetLimitAsync(new RateLimit(LimitScope.Type, Type, 1, TimeSpan.FromHours(1)), By, CancellationToken.None);
        await StoppedAsync(store, "limit set, last start beyond it", lane => lane.Running, allowed: 1);
        await store.SetLimitAsync(new RateLimit(LimitScope.Type, Type, 1_000_000, TimeSpan.FromHours(1)), By, CancellationToken.None);
        await GoneOnAsync("limit raised, first start on the last worker");
        await store.SetLimitAsync(new RateLimit(LimitScope.Queue, Queue, 1, TimeSpan.FromHours(1)), By, CancellationToken.None);
        await StoppedAsync(store, "limit of a queue set, last start beyond it", lane => lane.Running, allowed: 1);
        await store.RemoveLimitAsync(LimitScope.Queue, Queue, By, CancellationToken.None);
        await GoneOnAsync("limit removed, first start on the last worker");
        await store.RemoveLimitAsync(LimitScope.Type, Type, By, CancellationToken.None);
    }

    /// <summary>By the command line, as people do it. Jobs of this type come out of the schedule alone, before the others.</summary>
    private async Task ScheduleAsync(IStore store, string url)
    {
        await CallAsync("schedules", "add", Schedule, Ticking, "--every", $"{Interval.TotalSeconds}s", "--priority", "1");
        var added = Now;
        var first = double.PositiveInfinity;
        await Until.TrueAsync(() => Task.FromResult((first = Starts(Ticking).Where(start => start.At > added).Select(start => start.At).FirstOrDefault(double.PositiveInfinity)) < double.PositiveInfinity), Patience);
        Note("schedule added, first start later than an interval", Math.Max(0, first - added - Interval.TotalMilliseconds));
        await CallAsync("schedules", "pause", Schedule);
        await StoppedAsync(store, "schedule paused, last start", lane => lane.Running + lane.Pending, type: Ticking);
        await CallAsync("schedules", "remove", Schedule);

        Task<string> CallAsync(params string[] words) => Programs.RunAsync([cli, .. words, "--store", url]);
    }

    /// <summary>Waits until nothing that could begin is left, as the store counts it: what was claimed before the change is told as running until it has ended or gone back.</summary>
    private async Task StoppedAsync(IStore store, string change, Func<StateCounts, long> left, int allowed = 0, string type = Type)
    {
        var at = Now;
        var stopped = await Until.TrueAsync(async () => (await store.StatisticsAsync(CancellationToken.None)).Lanes.Where(lane => lane.Type == type).Sum(lane => left(lane.Counts)) == 0, Patience);
        if (!stopped)
            Note(change, double.PositiveInfinity);
        var after = Starts(type).Where(start => start.At > at).Select(start => start.At).ToList();
        Note(change, after.Count > allowed ? after.Max() - at : 0);
    }

    private async Task GoneOnAsync(string change)
    {
        var at = Now;
        Note(change, await EachAsync(at) - at);
    }

    /// <summary>Waits until each worker has begun something after a moment.</summary>
    /// <returns>When the last of them did; never where one did not.</returns>
    private async Task<double> EachAsync(double after)
    {
        List<double> firsts = [];
        var all = await Until.TrueAsync(() =>
        {
            firsts = [.. Starts(Type).Where(start => start.At > after).GroupBy(start => start.Worker).Select(worker => worker.Min(start => start.At))];
            return Task.FromResult(firsts.Count == Workers);
        }, Patience);
        return all ? firsts.Max() : double.PositiveInfinity;
    }

    private void Note(string change, double milliseconds)
    {
        if (!lags.TryGetValue(change, out var measured))
            lags[change] = measured = [];
        measured.Add(milliseconds);
    }

    private static Task SupplyAsync(IStore store) =>
        store.EnqueueAsync([.. Enumerable.Repeat(new NewJob { Type = Type, Payload = "{}"u8.ToArray() }, JobsAtOnce)], CancellationToken.None);

    /// <summary>The starts of a type so far.</summary>
    private List<(int Worker, double At)> Starts(string type) => !File.Exists(Told) ? [] : [.. File.ReadLines(Told)
        .Select(line => line.Split(' '))
        .Where(words => words is [var of, _, { Length: > 0 }] && of == type)
        .Select(words => (int.Parse(words[1], CultureInfo.InvariantCulture), double.Parse(words[2], CultureInfo.InvariantCulture) / 1000))];

    private static double Now => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    private SteadworkRun Start(string url, int worker) =>
        new(cli, folder, ["work", "--store", url, "--exec", $"{Type}={WriteProgram(Type, worker)}", "--exec", $"{Ticking}={WriteProgram(Ticking, worker)}", "--concurrency", $"{Concurrency}"]);

    private string WriteProgram(string type, int worker)
    {
        var program = Path.Combine(folder, $"{type}-{worker}.sh");
        // The time is the shell's own, in microseconds: another program for it would take longer than what is measured.
        File.WriteAllText(program, $$"""
            #!/bin/bash
            echo "{{type}} {{worker}} ${EPOCHREALTIME/./}" >>"{{Told}}"
            sleep 0.05
            """.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }
}
