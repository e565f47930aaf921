using System.CommandLine;
using System.Globalization;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Running;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>run</c>: works through a list of items with several worker processes.</summary>
internal static class RunCommand
{
    private const int MostWorkers = 1000;

    private static readonly Argument<string[]> Command = new("PROGRAM")
    {
        HelpName = "-- PROGRAM ARG",
        Description = "What to run for each item. {} is the item, {.} without its extension, {/} its name, {//} its folder, {#} its number; with --jsonl {field}. Without any of these the item is the last argument.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> Items = Options.Text("--items", "FILE", "The list, an item a line; empty lines are no items. - for standard input. Default: -.");
    private static readonly Option<bool> Null = Options.Flag("--null", "Items end with a NUL character instead of a line break.");
    private static readonly Option<bool> JsonLines = Options.Flag("--jsonl", "Each line is a JSON object.");
    private static readonly Option<string?> Name = Options.Text("--name", "RUN", "The run's name. The same name goes on where it was left. Default: derived from the command.");
    private static readonly Option<int?> Workers = Options.Number("--workers", "How many worker processes. Default: one a processor.", 1, MostWorkers);
    private static readonly Option<int?> Attempts = Options.Number("--attempts", $"How many attempts of an item may fail or crash. Default: {Defaults.MaxAttempts}.", 1, 1000);
    private static readonly Option<TimeSpan?> RetryDelay = Options.Duration("--retry-delay", "The longest wait before a second attempt; it doubles with each further one. Default: 1s.");
    private static readonly Option<TimeSpan?> Timeout = Options.Duration("--timeout", "How long one attempt may take; then its whole process tree ends. Default: as long as it likes.");
    private static readonly Option<bool> OnInput = Options.Flag("--stdin", "Hand the item over on standard input instead of as an argument.");
    private static readonly Option<bool> RetryFailed = Options.Flag("--retry-failed", "Take up the items that failed before.");
    private static readonly Option<string?> Halt = Options.Text("--halt", "fail=N", "Begin no more items once N have failed.");
    private static readonly Option<TimeSpan?> Delay = Options.Duration("--delay", "The least time between two starts.");
    private static readonly Option<bool> KeepOrder = Options.Flag("--keep-order", "Print outputs in the order of the items.");
    private static readonly Option<string?> Results = Options.Text("--results", "DIR", "Keep the whole outputs as DIR/JOB/stdout and DIR/JOB/stderr.");
    private static readonly Option<string?> JobLog = Options.Text("--joblog", "FILE", "Add a line for each item to FILE, in GNU parallel's format.");
    private static readonly Option<bool> DryRun = Options.Flag("--dry-run", "Print the commands, and run nothing.");

    public static Verb Create() => new Verb(
        "run",
        "Works through a list of items with several worker processes; started again, it goes on where it was.",
        "find . -name '*.jpg' | steadwork run --workers 4 -- convert {} {.}.png",
        "steadwork run --items urls.txt --timeout 30s --results pages -- curl -fsS {}")
    {
        Command, Items, Null, JsonLines, Name, Workers, Attempts, RetryDelay, Timeout, OnInput, RetryFailed, Halt, Delay, KeepOrder, Results, JobLog, DryRun,
    }.Does(RunAsync);

    private static async Task<int> RunAsync(Call call)
    {
        var plan = Plan(call);
        RequireProgram(plan);
        var list = ReadList(call, plan);
        if (call.Value(DryRun))
            return Print(plan, list);

        if (!OperatingSystem.IsLinux())
            throw new Refusal("Programs run as jobs on Linux only: the sure end of a whole process tree needs its /proc.");
        using var folder = Place("--results", plan.Results, () => new RunFolder(plan.Results is null ? null : Directory.CreateDirectory(plan.Results).FullName));
        using var jobLog = plan.JobLog is { } path ? Place("--joblog", path, () => new JobLogFile(path, plan)) : null;
        var outputs = new ProgramOutputs(folder.Path, plan.Results, Prints: !plan.Json);
        using IRunReporter reporter = plan.Json ? new JsonReporter(outputs, jobLog) : new TextReporter(outputs, jobLog);
        using var gate = new StartGate(folder.Path, plan.Delay, plan.HaltAfter);
        using var signals = new RunSignals();
        await using var store = call.OpenOrCreate();
        return await new Orchestrator(plan, call.Store, store, reporter, folder, gate).RunAsync(list, signals).ConfigureAwait(false);
    }

    private static T Place<T>(string option, string? path, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (Exception error) when (path is not null && error is IOException or UnauthorizedAccessException)
        {
            throw new Refusal($"{option}: '{path}' cannot be written: {error.Message} Nothing was loaded.");
        }
    }

    private static RunPlan Plan(Call call)
    {
        var definition = new RunDefinition(call.Value(Command)!, call.Value(JsonLines), call.Value(OnInput));
        var name = call.Value(Name) ?? RunName.Of(definition);
        if ((NewJobRules.NameRefusal("run's name", name) ?? NewJobRules.NameRefusal("run's name", RunQueue.Of(name))) is { } refusal)
            throw new Refusal(refusal);
        return new RunPlan
        {
            Definition = definition,
            Template = definition.Template(),
            Name = name,
            Workers = call.Value(Workers) ?? Environment.ProcessorCount,
            Attempts = call.Value(Attempts) ?? Defaults.MaxAttempts,
            RetryDelay = call.Value(RetryDelay) ?? RetrySchedule.Default.Base,
            Timeout = Positive(call.Value(Timeout), "--timeout"),
            Delay = call.Value(Delay) ?? TimeSpan.Zero,
            RetryFailed = call.Value(RetryFailed),
            HaltAfter = HaltAfter(call.Value(Halt)),
            KeepOrder = call.Value(KeepOrder),
            Results = call.Value(Results) is { } folder ? Path.GetFullPath(folder) : null,
            JobLog = call.Value(JobLog),
            Json = call.Json,
        };
    }

    private static TimeSpan? Positive(TimeSpan? value, string option) =>
        value != TimeSpan.Zero ? value : throw new Refusal($"{option} must be longer than zero.");

    private static int? HaltAfter(string? halt)
    {
        if (halt is null)
            return null;
        return halt.StartsWith("fail=", StringComparison.Ordinal) && int.TryParse(halt.AsSpan("fail=".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0
            ? limit
            : throw new Refusal($"--halt: '{halt}' is not a condition; write it like fail=1 or fail=10.");
    }

    private static void RequireProgram(RunPlan plan)
    {
        var program = plan.Template.FixedProgram;
        if (program is not null && ProgramFile.Find(program) is null)
            throw new Refusal($"There is no program '{program}' that could be run; give its path, or check $PATH. Nothing was loaded.");
    }

    private static ItemList ReadList(Call call, RunPlan plan)
    {
        if (call.Value(Null) && call.Value(JsonLines))
            throw new Refusal("--null and --jsonl are two forms of a list; give one of them.");
        var form = call.Value(Null) ? ItemForm.NulSeparated : call.Value(JsonLines) ? ItemForm.JsonLines : ItemForm.Lines;
        var file = call.Value(Items) ?? "-";
        if (file == "-" && !Console.IsInputRedirected)
            throw new Refusal("There is no list: pipe one in, or give --items FILE.");
        if (Directory.Exists(file))
            throw new Refusal($"The list '{file}' is a directory; give a file, or pipe a list in.");
        try
        {
            using var source = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            return ItemList.Read(source, form, plan.Template);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Refusal($"The list '{file}' cannot be read: {error.Message}");
        }
    }

    private static int Print(RunPlan plan, ItemList list)
    {
        var place = 0L;
        foreach (var item in list.Items)
            Console.Out.WriteLine(ShellQuoting.Join(plan.Template.Expand(new Item(RunItems.Text(item.Payload, plan.Definition.JsonItems)), ++place)));
        return ExitStatus.Done;
    }
}
