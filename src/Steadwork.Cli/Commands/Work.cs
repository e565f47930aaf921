using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Running;
using Steadwork.Cli.Shell;
using Steadwork.Storage;
using Steadwork.Workers;

namespace Steadwork.Cli.Commands;

/// <summary><c>work</c>: runs a worker whose handlers are programs.</summary>
internal static class WorkCommand
{
    private const int MostEntries = 1000;
    private static readonly TimeSpan DrainLook = TimeSpan.FromMilliseconds(250);

    private static readonly Option<string?> Queues = Options.Text("--queues", "Q,…", $"The queues that it serves; as Q=3,R=1 by weight. Default: {Defaults.Queue}.");
    private static readonly Option<string?> Tags = Options.Text("--tags", "TAG,…", "What jobs can require of it, such as gpu,region:eu: it is given none that requires another tag. Default: none.");
    private static readonly Option<bool> InOrder = Options.Flag("--in-order", "Serve the queues in the order in which they are named: each gets what those before it have no use for.");
    private static readonly Option<ClaimOrder?> Order = Options.Choice("--order", "ORDER", "How it picks among the jobs that may run: fifo, lifo, priority or weighted-random. Default: priority.", ClaimOrders.All);
    private static readonly Option<TimeSpan?> Ageing = Options.Duration("--ageing", "How long a job waits to count as one level of priority better. Default: it never does.");
    private static readonly Option<int?> Concurrency = Options.Number("--concurrency", "How many jobs run at once. Default: 10.", 1, 10_000);
    private static readonly Option<string[]> Exec = Options.Texts("--exec", "TYPE=PROGRAM", "Runs PROGRAM, with arguments if it has any, for each job of TYPE; it gets the payload on standard input. May be repeated.");
    private static readonly Option<bool> Drain = Options.Flag("--drain", "End when no job of its queues and types is running anywhere, runnable, or due for a retry.");
    private static readonly Option<TimeSpan?> Lease = Options.Duration("--lease", "How long it may be silent before its jobs are given to others. Default: 30s.");

    public static Verb Create() => new Verb(
        "work",
        "Runs a worker that hands jobs to programs.",
        "steadwork work --exec import-note=./import.sh --exec 'mail=./mail --plain' --concurrency 4",
        "steadwork work --queues imports --exec import-note=./import.sh --drain",
        "steadwork work --tags gpu --exec render=./render.sh")
    {
        Queues, Tags, InOrder, Order, Ageing, Concurrency, Exec, Drain, Lease,
    }.Does(WorkAsync);

    private static async Task<int> WorkAsync(Call call)
    {
        if (!OperatingSystem.IsLinux())
            throw new Refusal("Programs run as jobs on Linux only: the sure end of a whole process tree needs its /proc.");
        var programs = call.Value(Exec)!.Select(Parse).ToList();
        if (programs.Count == 0)
            throw new Refusal("A worker needs a handler: give at least one --exec TYPE=PROGRAM.");
        var options = OptionsOf(call);

        using var signals = new RunSignals();
        using var folder = new RunFolder();
        using var watches = new ProgramWatches(options.Concurrency);
        var outputs = new ProgramOutputs(folder.Path);
        var handlers = programs.ConvertAll(program => (program.Type, Handler: new ProgramHandler(context => new ProgramStart
        {
            File = program.Command[0],
            Arguments = program.Command[1..],
            StandardInput = context.Payload,
            OutputDirectory = folder.Path,
        }, outputs, watches)));
        var catalog = new JobCatalog();
        foreach (var (type, handler) in handlers)
        {
            if (catalog.Find(type) is not null)
                throw new Refusal($"--exec names the job type '{type}' twice; each type has one program.");
            catalog.Add(new JobType(type, null, new JobTypeOptions(), handler.RunAsync));
        }

        await using var store = call.OpenOrCreate();
        var worker = new WorkerHost(store, catalog, options);
        await worker.StartAsync(signals.Drain).ConfigureAwait(false);
        if (!call.Json)
            Console.Error.WriteLine($"worker {worker.Id}: queues {string.Join(", ", options.QueueNames)}; job types {string.Join(", ", catalog.Runnable)}; {(options.Tags.Count > 0 ? $"tags {string.Join(", ", options.Tags)}; " : "")}{options.Concurrency} at once");
        var asked = call.Value(Drain)
            ? DrainedAsync(store, options, catalog.Runnable, signals.Drain)
            : signals.Drain.WhenCancelled();
        var ended = await Task.WhenAny(asked, worker.WhenRetired).ConfigureAwait(false);
        await worker.StopAsync(signals.Stop).ConfigureAwait(false);
        if (ended == worker.WhenRetired)
            throw await worker.WhenRetired.ConfigureAwait(false);
        await asked.ConfigureAwait(false);
        return signals.Drain.IsCancellationRequested ? ExitStatus.Interrupted : ExitStatus.Done;
    }

    private static WorkerOptions OptionsOf(Call call)
    {
        var options = new WorkerOptions { Concurrency = call.Value(Concurrency) ?? 10, Lease = call.Value(Lease) ?? TimeSpan.FromSeconds(30) };
        options.ClaimOrder = call.Value(Order) ?? ClaimOrder.Priority;
        options.Ageing = call.Value(Ageing);
        options.Tags = call.Value(Tags)?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        Serve(options, (call.Value(Queues) ?? Defaults.Queue).Split(',', StringSplitOptions.TrimEntries), call.Value(InOrder));
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new Refusal(error.Message);
        }
    }

    private static void Serve(WorkerOptions options, string[] queues, bool inOrder)
    {
        if (!queues.Any(queue => queue.Contains('=', StringComparison.Ordinal)))
        {
            options.Queues(queues);
            options.QueueSharing = inOrder ? QueueSharing.InOrder : QueueSharing.Together;
            return;
        }
        if (inOrder)
            throw new Refusal("Queues are served in order or by weight, not both: leave out --in-order, or the weights.");
        var weighted = queues.Select(queue => queue.LastIndexOf('=') is >= 0 and var at ? (Name: queue[..at], Weight: queue[(at + 1)..]) : (Name: queue, Weight: "1")).ToList();
        if (weighted.Find(queue => !int.TryParse(queue.Weight, NumberStyles.None, CultureInfo.InvariantCulture, out _)) is { Name: { } name, Weight: var weight })
            throw new Refusal($"'{weight}' is no weight for the queue '{name}'; it is a whole number from 1 to 1000.");
        if (weighted.CountBy(queue => queue.Name).FirstOrDefault(queue => queue.Value > 1).Key is { } twice)
            throw new Refusal($"--queues names the queue '{twice}' twice.");
        options.QueuesByWeight(weighted.Select(queue => (queue.Name, int.Parse(queue.Weight, NumberStyles.None, CultureInfo.InvariantCulture))));
    }

    private static (string Type, string[] Command) Parse(string exec)
    {
        var at = exec.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0 || at == exec.Length - 1)
            throw new Refusal($"--exec '{exec}' is not TYPE=PROGRAM, such as import-note=./import.sh.");
        var (type, line) = (exec[..at], exec[(at + 1)..]);
        if (NewJobRules.NameRefusal("job type", type) is { } refusal)
            throw new Refusal(refusal);
        // A path with spaces is one program; else words are split as a shell would, and nothing more is done to them.
        string[] command = ProgramFile.Find(line) is { } whole ? [whole] : [.. CommandLineParser.SplitCommandLine(line)];
        if (command.Length == 0 || ProgramFile.Find(command[0]) is not { } program)
            throw new Refusal($"There is no program '{line}' that could be run for the job type '{type}'; give its path, or check $PATH.");
        return (type, [program, .. command[1..]]);
    }

    /// <summary>Waits until nothing is left that this worker could do, now or by a retry.</summary>
    private static async Task DrainedAsync(IStore store, WorkerOptions options, IReadOnlyList<string> types, CancellationToken stop)
    {
        using var changed = new SemaphoreSlim(0);
        using var ends = store.Listen(WakeUp.Ends, _ => changed.Release());
        while (!stop.IsCancellationRequested && (await IsBusyAsync(store, options, types).ConfigureAwait(false) || await GoesOnAsync().ConfigureAwait(false)))
        {
            await Task.WhenAny(changed.WaitAsync(DrainLook, CancellationToken.None), stop.WhenCancelled()).ConfigureAwait(false);
            while (changed.Wait(0)) { }
        }

        // What two transactions that overlapped have left to whoever comes by is seen to by the next claim, a tenth of a second later.
        async Task<bool> GoesOnAsync()
        {
            var lanes = (await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)).Lanes;
            if (!lanes.Any(lane => lane.Counts.Waiting > 0 && options.QueueNames.Contains(lane.Queue) && types.Contains(lane.Type)))
                return false;
            await Task.WhenAny(Task.Delay(DrainLook, TimeProvider.System, CancellationToken.None), stop.WhenCancelled()).ConfigureAwait(false);
            return await IsBusyAsync(store, options, types).ConfigureAwait(false);
        }
    }

    private static async Task<bool> IsBusyAsync(IStore store, WorkerOptions options, IReadOnlyList<string> types)
    {
        var queues = options.QueueNames;
        var before = await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false);
        var mine = before.Lanes.Where(lane => queues.Contains(lane.Queue) && types.Contains(lane.Type)).ToList();
        if (mine.Any(lane => lane.Counts.Running > 0))
            return true;
        foreach (var lane in mine.Where(lane => lane.Counts.Pending > 0 && before.PauseOf(PauseScope.Queue, lane.Queue) is null && before.PauseOf(PauseScope.Type, lane.Type) is null))
        {
            var pending = new JobQuery { Queue = lane.Queue, Type = lane.Type, RequiresAtMost = [.. options.Tags], State = JobState.Pending, Limit = 1 };
            if (await AnyAsync(store, pending with { DueBy = TimeProvider.System.GetUtcNow() }).ConfigureAwait(false)
                || await AnyAsync(store, pending with { Started = true }).ConfigureAwait(false))
                return true;
        }
        return await AnyBegunAsync(store, before.LogPosition, queues, types).ConfigureAwait(false);

    }

    /// <summary>Whether a job of its own has been claimed meanwhile: it ran when the pending were looked for, and was pending when the running were.</summary>
    private static async Task<bool> AnyBegunAsync(IStore store, long position, IEnumerable<string> queues, IReadOnlyList<string> types)
    {
        var entries = await store.ReadAsync(position, MostEntries, CancellationToken.None).ConfigureAwait(false);
        var claimed = entries.Where(entry => entry.Kind == LogKinds.Claimed).Select(entry => entry.Job!.Value).ToList();
        if (claimed.Count == 0)
            return entries.Count == MostEntries;
        var jobs = await store.FindAsync(new JobQuery { Ids = claimed }, CancellationToken.None).ConfigureAwait(false);
        return entries.Count == MostEntries || jobs.Any(job => queues.Contains(job.Queue) && types.Contains(job.Type));
    }

    private static async Task<bool> AnyAsync(IStore store, JobQuery query) =>
        (await store.FindAsync(query, CancellationToken.None).ConfigureAwait(false)).Count > 0;
}
