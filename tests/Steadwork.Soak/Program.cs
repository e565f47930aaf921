using System.Diagnostics;
using System.Globalization;
using Steadwork.Soak;
using Steadwork.Soak.Stores;

// soak kills COUNT [SEED] [LANES] [--store sqlite|postgres]: see docs/reliability.md.
var numbers = args is [.., "--store", _] ? args[..^2] : args;
Func<string, IStorePlace>? placeIn = args is [.., "--store", var store] && store != "sqlite"
    ? store == "postgres" ? place => new PostgreSqlSchema { Folder = place } : null
    : place => new SqliteFile { Folder = place };
if (placeIn is null || numbers is not ["kills", var text, ..] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
{
    Console.Error.WriteLine("soak: say what to do: soak kills COUNT [SEED] [LANES] [--store sqlite|postgres]");
    return 2;
}
var seed = numbers.Length > 2 ? int.Parse(numbers[2], CultureInfo.InvariantCulture) : Environment.ProcessId;
var cli = Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? throw new InvalidOperationException("Set STEADWORK_CLI to the steadwork program.");
var folder = Directory.CreateTempSubdirectory("steadwork-soak-").FullName;
var began = Stopwatch.GetTimestamp();
var lanes = numbers.Length > 3 ? int.Parse(numbers[3], CultureInfo.InvariantCulture) : 1;
Console.WriteLine($"kills: {count}, seed {seed}, {lanes} at once, in {folder}");

// Each lane is a run of its own with a store of its own; together they keep the machine busier than one could.
var reports = await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane =>
{
    var place = Directory.CreateDirectory(Path.Combine(folder, $"lane-{lane}")).FullName;
    var share = count / lanes + (lane < count % lanes ? 1 : 0);
    return new KillRun(cli, place, placeIn, seed + lane, line => Console.WriteLine($"{Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss} lane {lane}: {line}")).RunAsync(share);
}));
var report = KillReport.Sum(reports);
foreach (var (what, times) in report.Kills.OrderByDescending(kill => kill.Value))
    Console.WriteLine($"  {times,6} {what}");
Console.WriteLine($"{report.Rounds} rounds, {report.Items} items, {report.Starts} program starts, {report.Attempts} recorded attempts, {report.Violations.Count} violations, {Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss}");
foreach (var violation in report.Violations.Take(20))
    Console.WriteLine($"VIOLATION {violation}");
return report.Violations.Count == 0 ? 0 : 1;
