using System.Diagnostics;
using System.Globalization;
using Steadwork.Soak;
using Steadwork.Soak.Faults;
using Steadwork.Soak.Servers;
using Steadwork.Soak.Stores;

// See docs/reliability.md.
if (args is not [var command, var number, ..] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1)
    return Usage();
var folder = Directory.CreateTempSubdirectory("steadwork-soak-").FullName;
// What stores leave on this machine for its user goes with the folder.
Environment.SetEnvironmentVariable("XDG_DATA_HOME", folder);
var began = Stopwatch.GetTimestamp();
Console.WriteLine($"{string.Join(' ', args)}, in {folder}");
var status = command switch
{
    "kills" => await KillAsync(),
    "postgres-restarts" => (await new PostgresRestarts(folder, Progress, pooled: args.Contains("--pooled")).RunAsync(count)).Print(),
    "failover" => (await new Failover(folder, Progress).RunAsync(count)).Print(),
    "hosts" => await OnHostsAsync(() => new CutHosts(Cli(), folder, Progress).RunAsync(count)),
    "keys" => await RunKeysAsync(),
    "live" => await ChangeAsync(),
    "dead-listener" => (await new DeadListener(folder, Progress, isAlone: true).RunAsync(count)).Print(),
    "idle-transaction" => (await new IdleTransaction(folder, Progress, isAlone: true).RunAsync(count)).Print(),
    "pruning" => (await new PrunedHistory(folder, Progress).RunAsync(count)).Print(),
    _ => Usage(),
};
Console.WriteLine($"{Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss}");
if (status == 0)
    Directory.Delete(folder, recursive: true);
return status;

void Progress(string line) => Console.WriteLine($"{Stopwatch.GetElapsedTime(began):hh\\:mm\\:ss} {line}");

static int Usage()
{
    Console.Error.WriteLine("""
        soak: say what to do:
          soak kills COUNT [SEED] [LANES] [--store sqlite|postgres]   kills parts of a run at random points
          soak postgres-restarts COUNT [--pooled]
                                            restarts a PostgreSQL server under load as if it had crashed; with PgBouncer between
          soak failover COUNT               kills the primary of two PostgreSQL servers under load and promotes the standby
          soak keys JOBS [SEED] [--store sqlite|postgres] [--hosts]
                                            kills workers, and cuts hosts off, whose jobs have 200 exclusive keys
          soak live ROUNDS [--store sqlite|postgres]
                                            measures how soon pauses, limits and schedules are seen by four workers
          soak hosts COUNT                  cuts one of several hosts off and joins it again; takes root
          soak dead-listener SAMPLES        measures how soon jobs begin while a worker hears no wake-ups
          soak idle-transaction SECONDS     measures claims beside a transaction that does nothing
          soak pruning JOBS                 measures claims beside the pruning of a history, and that its room is used again
        """);
    return 2;
}

static string Cli() => Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? throw new InvalidOperationException("Set STEADWORK_CLI to the steadwork program.");

static async Task<int> OnHostsAsync(Func<Task<FaultReport>> run)
{
    try
    {
        return (await run()).Print();
    }
    catch (NoHostsException error)
    {
        Console.Error.WriteLine($"soak: {error.Message}");
        return 3;
    }
}

async Task<int> RunKeysAsync()
{
    const int Keys = 200;
    var (numbers, placeIn) = Store();
    var run = new KeyRun(Cli(), folder, numbers.Length > 2 && numbers[2] != "--hosts" ? int.Parse(numbers[2], CultureInfo.InvariantCulture) : Environment.ProcessId, Progress);
    if (args.Contains("--hosts"))
        return await OnHostsAsync(() => run.OnHostsAsync(count, Keys));
    return await OnStoreAsync(placeIn, place => run.OnMachineAsync(place, count, Keys));
}

Task<int> ChangeAsync() => OnStoreAsync(Store().PlaceIn, place => new LiveChanges(Cli(), folder, Progress).RunAsync(place, count));

async Task<int> OnStoreAsync(Func<string, IStorePlace>? placeIn, Func<IStorePlace, Task<FaultReport>> run)
{
    if (placeIn is null)
        return Usage();
    using var place = placeIn(Directory.CreateDirectory(Path.Combine(folder, "store")).FullName);
    return (await run(place)).Print();
}

(string[] Numbers, Func<string, IStorePlace>? PlaceIn) Store() => args switch
{
    [.., "--store", "postgres"] => (args[..^2], place => new PostgreSqlSchema { Folder = place }),
    [.., "--store", "sqlite"] => (args[..^2], place => new SqliteFile { Folder = place }),
    [.., "--store", _] => (args[..^2], null),
    _ => (args, place => new SqliteFile { Folder = place }),
};

async Task<int> KillAsync()
{
    var (numbers, placeIn) = Store();
    if (placeIn is null)
        return Usage();
    var seed = numbers.Length > 2 ? int.Parse(numbers[2], CultureInfo.InvariantCulture) : Environment.ProcessId;
    var lanes = numbers.Length > 3 ? int.Parse(numbers[3], CultureInfo.InvariantCulture) : 1;
    Console.WriteLine($"seed {seed}, {lanes} at once");

    // Each lane is a run of its own with a store of its own; together they keep the machine busier than one could.
    var report = KillReport.Sum(await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane =>
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, $"lane-{lane}")).FullName;
        var share = count / lanes + (lane < count % lanes ? 1 : 0);
        return new KillRun(Cli(), place, placeIn, seed + lane, line => Progress($"lane {lane}: {line}")).RunAsync(share);
    })));
    return new FaultReport([
        .. report.Kills.OrderByDescending(kill => kill.Value).Select(kill => $"{kill.Value,6} {kill.Key}"),
        $"{report.Rounds} rounds, {report.Items} items, {report.Starts} program starts, {report.Attempts} recorded attempts"], report.Violations).Print();
}
