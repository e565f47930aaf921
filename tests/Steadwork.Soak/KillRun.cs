using Steadwork.Soak.Stores;
using Steadwork.Storage;

namespace Steadwork.Soak;

/// <summary>What a soak of kills came to.</summary>
/// <param name="Kills">How often something was killed, by what it was.</param>
/// <param name="Rounds">How many lists were worked through.</param>
/// <param name="Items">How many items they had.</param>
/// <param name="Starts">How often a program began, by the ledger.</param>
/// <param name="Attempts">How many attempts the store recorded.</param>
/// <param name="Violations">What should not have been, in words.</param>
public sealed record KillReport(IReadOnlyDictionary<string, int> Kills, int Rounds, int Items, int Starts, int Attempts, IReadOnlyList<string> Violations)
{
    public static KillReport Sum(IReadOnlyList<KillReport> reports) => new(
        reports.SelectMany(report => report.Kills).GroupBy(kill => kill.Key).ToDictionary(kinds => kinds.Key, kinds => kinds.Sum(kill => kill.Value)),
        reports.Sum(report => report.Rounds), reports.Sum(report => report.Items), reports.Sum(report => report.Starts),
        reports.Sum(report => report.Attempts), [.. reports.SelectMany(report => report.Violations)]);
}

/// <summary>
/// Kills parts of a run at random points, with <c>kill -9</c>, starts it again, and holds the store against the ledger
/// of the programs: each item succeeded once, none was started more often than its attempts say, never two at once.
/// </summary>
/// <param name="cli">The <c>steadwork</c> program.</param>
/// <param name="folder">Where to work.</param>
/// <param name="placeIn">Makes a place for a store, of which each list has its own.</param>
/// <param name="seed">Of the draws.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class KillRun(string cli, string folder, Func<string, IStorePlace> placeIn, int seed, Action<string> progress)
{
    private const int ItemsARound = 300;
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(5);

    private readonly Random random = new(seed);
    private readonly Dictionary<string, int> kills = [];
    private readonly List<string> violations = [];
    private int starts;
    private int attempts;

    public async Task<KillReport> RunAsync(int wanted)
    {
        var rounds = 0;
        for (var done = 0; done < wanted; rounds++)
        {
            done += await RoundAsync(Path.Combine(folder, $"round-{rounds}"), wanted - done);
            progress($"{done} of {wanted} kills, {rounds + 1} rounds, {violations.Count} violations");
        }
        return new KillReport(kills, rounds, rounds * ItemsARound, starts, attempts, violations);
    }

    private async Task<int> RoundAsync(string round, int most)
    {
        Directory.CreateDirectory(round);
        using var place = placeIn(round);
        var ledger = new Ledger(round);
        var list = Path.Combine(round, "items");
        File.WriteAllLines(list, Enumerable.Range(0, ItemsARound).Select(item => $"item-{item}"));
        var done = 0;
        var pace = $"0.0{random.Next(1, 10)}";
        var run = Start(round, place, ledger, pace);
        var started = true;
        while (done < most)
        {
            // A start takes a while to get to work; killing only starts would kill no work.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, started ? 900 : 200)), TimeProvider.System, CancellationToken.None);
            started = false;
            if (run.HasExited)
                break;
            var targets = Kill(run);
            done += targets.Count > 0 ? 1 : 0;
            if (targets.Contains(run.Id))
            {
                await run.EndAsync(EndLimit);
                run.Dispose();
                run = Start(round, place, ledger, pace);
                started = true;
            }
        }
        if (await run.EndAsync(EndLimit) is not 0)
        {
            var status = run.HasExited ? "another status than 0" : "not ended in time";
            violations.Add($"{round}: the last start: {status}: {(await run.TextAsync()).Errors}");
        }
        run.Dispose();
        await VerifyAsync(round, place, ledger);
        if (violations.Count == 0)
            Directory.Delete(round, recursive: true);
        return done;
    }

    private SteadworkRun Start(string round, IStorePlace place, Ledger ledger, string pace) => new(cli, round,
        "run", "--store", place.Url, "--items", $"{round}/items", "--workers", "4", "--attempts", "1000",
        "--retry-delay", "0", "--name", "kills", "--", ledger.Program, "{}", pace);

    /// <returns>What was killed; nothing when there was none of the drawn kind.</returns>
    private List<int> Kill(SteadworkRun run)
    {
        var workers = run.Workers;
        var worker = workers.Count > 0 ? workers[random.Next(workers.Count)] : 0;
        (string what, List<int> targets) = random.Next(20) switch
        {
            < 12 => ("worker", Of(worker)),
            < 14 => ("worker and guard", [.. Of(worker), .. worker > 0 ? SteadworkRun.GuardsOf(worker) : []]),
            < 16 => ("program", worker > 0 ? SteadworkRun.ProgramsOf(worker) : []),
            < 18 => ("orchestrator", [run.Id]),
            < 19 => ("orchestrator and workers", [run.Id, .. workers]),
            _ => ("orchestrator, workers and guards", [.. workers.SelectMany(SteadworkRun.GuardsOf), run.Id, .. workers]),
        };
        foreach (var target in targets)
            Processes.Signal(target, Processes.SigKill);
        if (targets.Count > 0)
            kills[what] = kills.GetValueOrDefault(what) + 1;
        return targets;
    }

    private static List<int> Of(int process) => process > 0 ? [process] : [];

    private async Task VerifyAsync(string round, IStorePlace place, Ledger ledger)
    {
        await using var store = place.Open();
        var jobs = await store.FindAsync(new JobQuery { Limit = int.MaxValue }, CancellationToken.None);
        var told = ledger.Read().ToLookup(line => line.Item);
        var successes = new Dictionary<JobId, int>();
        for (long after = 0; await store.ReadAsync(after, 10_000, CancellationToken.None) is { Count: > 0 } entries; after = entries[^1].Position)
        {
            foreach (var entry in entries.Where(entry => entry.Kind == "succeeded"))
                successes[entry.Job!.Value] = successes.GetValueOrDefault(entry.Job!.Value) + 1;
        }

        Expect(jobs.Count == ItemsARound, $"{round}: {jobs.Count} jobs for {ItemsARound} items");
        foreach (var job in jobs)
        {
            using var payload = System.Text.Json.JsonDocument.Parse(job.Payload);
            var item = payload.RootElement.GetProperty("item").GetString()!;
            var itemStarts = told[item].Count(line => line.Word == "start");
            starts += itemStarts;
            attempts += job.Attempt;
            Expect(job.State is JobState.Succeeded, $"{round}: {item} is {job.State}: {job.LastError}");
            Expect(successes.GetValueOrDefault(job.Id) == 1, $"{round}: {item} succeeded {successes.GetValueOrDefault(job.Id)} times");
            Expect(itemStarts <= job.Attempt, $"{round}: {item} was started {itemStarts} times and has {job.Attempt} attempts");
            Expect(told[item].Any(line => line.Word == "end"), $"{round}: {item} succeeded, but its program never came to its end");
            Expect(told[item].All(line => line.Word != "overlap"), $"{round}: two programs at once on {item}");
        }
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
            violations.Add(otherwise);
    }
}
