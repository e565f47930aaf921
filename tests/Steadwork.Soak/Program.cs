using System.Diagnostics;
using System.Globalization;
using Steadwork.Soak;

// soak kills COUNT [SEED]: see docs/reliability.md.
if (args is not ["kills", var text, ..] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
{
    Console.Error.WriteLine("soak: say what to do: soak kills COUNT [SEED]");
    return 2;
}
var seed = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.ProcessId;
var cli = Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? throw new InvalidOperationException("Set STEADWORK_CLI to the steadwork program.");
var folder = Directory.CreateTempSubdirectory("steadwork-soak-").FullName;
var began = Stopwatch.GetTimestamp();
Console.WriteLine($"kills: {count}, seed {seed}, in {folder}");
var report = await new KillRun(cli, folder, seed, line => Console.WriteLine($"{Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss} {line}")).RunAsync(count);
foreach (var (what, times) in report.Kills.OrderByDescending(kill => kill.Value))
    Console.WriteLine($"  {times,6} {what}");
Console.WriteLine($"{report.Rounds} rounds, {report.Items} items, {report.Starts} program starts, {report.Attempts} recorded attempts, {report.Violations.Count} violations, {Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss}");
foreach (var violation in report.Violations.Take(20))
    Console.WriteLine($"VIOLATION {violation}");
return report.Violations.Count == 0 ? 0 : 1;
