using System.Diagnostics;
using System.Globalization;
using BenchmarkDotNet.Running;
using Npgsql;
using Steadwork;
using Steadwork.Bench;

// bench URL [ROUNDS [NAME]]: what the features of a store cost, on a PostgreSQL server or in a file: work with them against the same without,
// in turns. What the store reaches beside the database itself is measured by "steadwork bench".
// bench hot-paths [OPTION of BenchmarkDotNet...]: what each job costs inside of a process.
// NAME picks the measures whose names hold it; "beside a million" takes minutes, and is made only when it is named.
if (args is ["hot-paths", .. var options])
{
    BenchmarkRunner.Run<HotPaths>(args: options);
    return 0;
}
if (args is not [var url, ..])
{
    Console.Error.WriteLine("bench: say where: bench postgres://user@host/database [ROUNDS [NAME]], or bench sqlite:FILE [ROUNDS [NAME]], or bench hot-paths");
    return 2;
}
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
var wanted = args.Length > 2 ? args[2] : "";
await using var gone = new Schemas(url);
await using var ours = await Ours.OpenAsync(url);

var measures = new List<(string Name, Func<Task<double>>? Without, Func<Task<double>> With)>
{
    ("drain, a key each", PlainAsync, () => ours.DrainAsync(jobs: 50_000, concurrency: 10, keyed: true)),
    ("drain, 100,000 behind a key", PlainAsync, () => ours.DrainBesideAsync(waiting: 100_000, jobs: 50_000, concurrency: 10)),
    ("drain, beside pruning", PlainAsync, () => ours.DrainWhilePruningAsync(jobs: 50_000, concurrency: 10)),
    ("prune, step after step", null, () => ours.PruneAsync(jobs: 50_000)),
    ("enqueue, 64 callers, others rung", () => ours.EnqueueAsync(callers: 64, jobs: 40_000, rings: false), () => ours.EnqueueAsync(callers: 64, jobs: 40_000)),
};
foreach (var order in new[] { ClaimOrder.Priority, ClaimOrder.Fifo, ClaimOrder.WeightedRandom })
    foreach (var priorities in new[] { 10, 1000 })
        measures.Add(($"drain, {priorities} priorities, {order.Name()}", PlainAsync, () => ours.DrainAsync(jobs: 50_000, concurrency: 10, order: order, priorities: priorities)));
Console.WriteLine($"{"per second, median of " + rounds,-40}{"without",10}{"with",10}{"ratio",8}   with, min to max");
foreach (var measure in measures.Where(measure => measure.Name.Contains(wanted, StringComparison.Ordinal)))
{
    var (plain, results) = (new List<double>(), new List<double>());
    for (var round = 0; round < rounds + 1; round++)
    {
        var (without, with) = (measure.Without is null ? double.NaN : await measure.Without(), await measure.With());
        // The first round warms both up.
        if (round == 0)
            continue;
        plain.Add(without);
        results.Add(with);
    }
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{measure.Name,-40}{Median(plain),10:N0}{Median(results),10:N0}{Median(results) / Median(plain),8:0.00}   {results.Min():N0} to {results.Max():N0}"));
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
return 0;

Task<double> PlainAsync() => ours.DrainAsync(jobs: 50_000, concurrency: 10);

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

/// <summary>The schemas of these stores on a server, which go when it is over. A file is its caller's.</summary>
internal sealed class Schemas(string url) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        if (url.StartsWith(Ours.File, StringComparison.Ordinal))
            return;
        await using var source = NpgsqlDataSource.Create(Steadwork.PostgreSql.Connections.ConnectionUrl.Read(url).Settings);
        await using var drop = source.CreateCommand("DROP SCHEMA IF EXISTS steadwork_bench, steadwork_bench_empty, steadwork_bench_full CASCADE");
        await drop.ExecuteNonQueryAsync();
    }
}
