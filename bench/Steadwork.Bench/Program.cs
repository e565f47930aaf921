using System.Diagnostics;
using System.Globalization;
using Steadwork;
using Steadwork.Bench;

// bench URL [ROUNDS [NAME]]: what the store reaches on a PostgreSQL server, against the same work in plain statements, in turns;
// or what it reaches in a file. NAME picks the measures whose names hold it; "beside a million" takes minutes, and is made only when it is named.
if (args is not [var url, ..])
{
    Console.Error.WriteLine("bench: say where: bench postgres://user@host/database [ROUNDS [NAME]], or bench sqlite:FILE [ROUNDS [NAME]]");
    return 2;
}
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
var wanted = args.Length > 2 ? args[2] : "";
await using var floor = url.StartsWith(Ours.File, StringComparison.Ordinal) ? null : await RawPostgreSql.OpenAsync(url);
await using var ours = await Ours.OpenAsync(url);

var measures = new List<(string Name, Func<Task<double>>? Floor, Func<Task<double>> Ours)>
{
    ("enqueue, 64 callers", floor is null ? null : () => floor.EnqueueAsync(callers: 64, jobs: 40_000), () => ours.EnqueueAsync(callers: 64, jobs: 40_000)),
    ("drain, 10 at once", floor is null ? null : () => floor.DrainAsync(jobs: 50_000, batch: 100), () => ours.DrainAsync(jobs: 50_000, concurrency: 10)),
};
measures.Add(("drain, a key each (plain)", () => ours.DrainAsync(jobs: 50_000, concurrency: 10), () => ours.DrainAsync(jobs: 50_000, concurrency: 10, keyed: true)));
measures.Add(("drain, 100,000 behind a key", () => ours.DrainAsync(jobs: 50_000, concurrency: 10), () => ours.DrainBesideAsync(waiting: 100_000, jobs: 50_000, concurrency: 10)));
foreach (var order in new[] { ClaimOrder.Priority, ClaimOrder.Fifo, ClaimOrder.WeightedRandom })
    foreach (var priorities in new[] { 10, 1000 })
        measures.Add(($"drain, {priorities} priorities, {order.Name()}", () => ours.DrainAsync(jobs: 50_000, concurrency: 10), () => ours.DrainAsync(jobs: 50_000, concurrency: 10, order: order, priorities: priorities)));
measures.Add(("drain, beside pruning (alone)", () => ours.DrainAsync(jobs: 50_000, concurrency: 10), () => ours.DrainWhilePruningAsync(jobs: 50_000, concurrency: 10)));
measures.Add(("prune, step after step", null, () => ours.PruneAsync(jobs: 50_000)));
if (floor is not null)
    measures.Add(("enqueue, rung and not rung", () => ours.EnqueueAsync(callers: 64, jobs: 40_000, rings: false), () => ours.EnqueueAsync(callers: 64, jobs: 40_000)));
Console.WriteLine($"{"per second, median of " + rounds,-40}{"floor",10}{"ours",10}{"ratio",8}   ours min to max");
foreach (var measure in measures.Where(measure => measure.Name.Contains(wanted, StringComparison.Ordinal)))
{
    var (floors, results) = (new List<double>(), new List<double>());
    for (var round = 0; round < rounds + 1; round++)
    {
        var (raw, own) = (measure.Floor is null ? double.NaN : await measure.Floor(), await measure.Ours());
        // The first round warms both up.
        if (round == 0)
            continue;
        floors.Add(raw);
        results.Add(own);
    }
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{measure.Name,-40}{Median(floors),10:N0}{Median(results),10:N0}{Median(results) / Median(floors),8:0.00}   {results.Min():N0} to {results.Max():N0}"));
}
if (wanted == "beside a million")
{
    await using var beside = await Beside.OpenAsync(url);
    await beside.FillAsync(1_000_000);
    await beside.MeasureAsync(200);
    var (alone, full) = await beside.MeasureAsync(400 * rounds);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"a claim beside a million, ms, p50: {Median(alone):0.000} alone, {Median(full):0.000} beside them, {Median(full) / Median(alone):0.00} times; p99 {At(alone, 0.99):0.000} and {At(full, 0.99):0.000}"));
}
if (!"pick-up".Contains(wanted, StringComparison.Ordinal))
    return 0;
var (rawPickUps, ownPickUps) = (new List<double>(), new List<double>());
for (var round = 0; round < rounds; round++)
{
    rawPickUps.AddRange(floor is null ? [double.NaN] : (await floor.PickUpAsync(110))[10..]);
    ownPickUps.AddRange((await ours.PickUpAsync(110))[10..]);
}
foreach (var (name, at) in new[] { ("p50", 0.5), ("p99", 0.99) })
{
    var (raw, own) = (At(rawPickUps, at), At(ownPickUps, at));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"pick-up by another store, ms, {name}{raw,6:0.00}{own,10:0.00}{own / raw,8:0.00}"));
}
return 0;

static double At(List<double> values, double part) => values.Order().ElementAt((int)(values.Count * part));

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

/// <summary>Work in a time.</summary>
internal static class Rate
{
    public static async Task<double> OfAsync(int jobs, Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        return jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

/// <summary>The pauses between pick-ups.</summary>
internal static class PickUps
{
    /// <summary>A store rings 50 times a second at the most; and nothing may be awake only because of the one before.</summary>
    public static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(25, 45)), TimeProvider.System);
}
