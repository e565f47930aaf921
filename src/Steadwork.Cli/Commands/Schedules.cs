using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>schedules</c>: what is enqueued when, whoever runs.</summary>
internal static class SchedulesCommand
{
    private static readonly Argument<string> Name = new("NAME") { HelpName = "NAME", Description = "The schedule." };
    private static readonly Argument<string> Type = new("TYPE") { HelpName = "TYPE", Description = "The type of its jobs." };
    private static readonly Argument<string?> Json = new("JSON") { HelpName = "JSON", Description = "Their payload; - reads it from standard input. Default: {}.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> Cron = Options.Text("--cron", "LINE", "When it ticks, five fields or six with seconds first, such as '0 3 * * MON-FRI'. L, W and # are known, and @daily.");
    private static readonly Option<string?> Zone = Options.Text("--zone", "Z", "The time zone of --cron, such as Europe/Berlin. Default: UTC.");
    private static readonly Option<TimeSpan?> Every = Options.Duration("--every", "How long from one tick to the next, such as 5m; instead of --cron.");
    private static readonly Option<Overlap?> Overlapping = Options.Choice("--overlap", "WORD", "What a tick does while the last job has not ended: start (the default), skip or wait.", [.. Enum.GetValues<Overlap>().Select(overlap => (overlap.Name(), overlap))]);
    private static readonly Option<MissedTicks?> Missed = Options.Choice("--missed", "WORD", "What becomes of ticks that no worker was there to see: once (the default), all or skip.", [.. Enum.GetValues<MissedTicks>().Select(missed => (missed.Name(), missed))]);
    private static readonly Option<TimeSpan?> Grace = Options.Duration("--grace", $"How late a tick may be seen to and is not missed. Default: {Duration.Format(CatchUpRule.Default.Grace)}.");
    private static readonly Option<bool> Replace = Options.Flag("--replace", "Take the place of a schedule of that name, also of one that a program has defined.");
    private static readonly Option<string?> Queue = Options.Text("--queue", "Q", $"The queue of its jobs. Default: {Defaults.Queue}.");
    private static readonly Option<int?> Priority = Options.Number("--priority", $"1 to 1000; lower runs first. Default: {Defaults.Priority}.", 1, 1000);
    private static readonly Option<string?> Key = Options.Text("--key", "K", "Its jobs, and others with the same exclusive key, do not run at once.");
    private static readonly Option<int?> KeyLimit = Options.Number("--key-limit", $"How many with the same --key may run at once. Default: {Defaults.ExclusiveLimit}.", 1, 1000);
    private static readonly Option<TimeSpan?> ExpiresIn = Options.Duration("--expires-in", "How long after it was enqueued a job is worth beginning: unless it runs by then it is cancelled. Default: for ever.");
    private static readonly Option<int?> Attempts = Options.Number("--attempts", $"How many attempts may fail. Default: {Defaults.MaxAttempts}.", 1, 1000);
    private static readonly Option<TimeSpan?> Timeout = Options.Duration("--timeout", "How long one attempt may take. Default: as long as it likes.");
    private static readonly Option<string[]> Tags = Options.Texts("--tag", "T", "A word to find its jobs by; may be repeated.");
    private static readonly Option<string[]> Requires = Options.Texts("--requires", "TAG", "A tag that a worker must have to run its jobs; may be repeated: then all of them.");

    public static Verb Create() => new("schedules", "Shows, adds, removes and triggers schedules.", "steadwork schedules list", "steadwork schedules add nightly --cron '0 3 * * *' --zone Europe/Berlin tidy-up")
    {
        new Verb("list", "Lists the schedules with their last and next tick.", "steadwork schedules list").Does(ListAsync),
        new Verb(
            "add",
            "Has a job enqueued at each tick, once for the whole system, as long as some worker runs.",
            "steadwork schedules add nightly --cron '0 3 * * *' --zone Europe/Berlin tidy-up '{\"days\":30}'",
            "steadwork schedules add poll --every 5m poll-mail --overlap skip")
        {
            Name, Type, Json, Cron, Zone, Every, Overlapping, Missed, Grace, Replace, Queue, Priority, Key, KeyLimit, ExpiresIn, Attempts, Timeout, Tags, Requires,
        }.Does(AddAsync),
        new Verb("remove", "Removes a schedule; its jobs stay.", "steadwork schedules remove nightly") { Name }.Does(RemoveAsync),
        new Verb("trigger", "Enqueues the job of a schedule at once, out of turn, and prints its id.", "steadwork schedules trigger nightly") { Name }.Does(TriggerAsync),
        new Verb("pause", "Lets a schedule tick no more until it is resumed.", "steadwork schedules pause nightly") { Name }.Does(call => ChangeAsync(call, (store, name) => store.PauseScheduleAsync(name, ChangeOutput.By, CancellationToken.None), "is paused", "was paused already")),
        new Verb("resume", "Lets a paused schedule tick again, from its next tick on.", "steadwork schedules resume nightly") { Name }.Does(call => ChangeAsync(call, (store, name) => store.ResumeScheduleAsync(name, ChangeOutput.By, CancellationToken.None), "goes on", "was not paused")),
    };

    private static Task<int> ListAsync(Call call) => Answer.ShowAsync(
        call,
        async store => (
            Schedules: await store.SchedulesAsync(dueBy: null, CancellationToken.None).ConfigureAwait(false),
            Statistics: await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)),
        (json, all) => ScheduleList.Write(json, all.Schedules, all.Statistics),
        all => ScheduleList.Print(all.Schedules, all.Statistics));

    private static async Task<int> AddAsync(Call call)
    {
        var definition = Wanted(call);
        if (definition.Refusal() is { } refusal)
            throw new Refusal(refusal);
        await using var store = call.OpenOrCreate();
        var owner = new ScheduleOwner(Program: null, Version: "0", ChangeOutput.By, call.Value(Replace));
        var answer = (await store.DefineAsync([definition.From(store.Now)], owner, CancellationToken.None).ConfigureAwait(false))[0];
        if (answer is Defined.KeptOther)
            throw new Refusal($"There is a schedule '{definition.Name}' already; give --replace to have this one in its place.");
        var next = (await store.ScheduleAsync(definition.Name, CancellationToken.None).ConfigureAwait(false))?.Next;
        if (call.Json)
        {
            JsonOutput.Document(json =>
            {
                json.WriteStartObject();
                json.WriteString("name", definition.Name);
                json.WriteTime("next", next);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.Out.WriteLine(PlainText.Line(next is { } first ? $"The schedule {definition.Name} ticks at {Moments.Full(first)}." : $"The schedule {definition.Name} never ticks."));
        }
        return ExitStatus.Done;
    }

    private static ScheduleDefinition Wanted(Call call) => new()
    {
        Name = call.Value(Name)!,
        Timing = Sensible(() => Timing(call)),
        Overlap = call.Value(Overlapping) ?? default,
        CatchUp = Sensible(() => new CatchUpRule { Missed = call.Value(Missed) ?? default, Grace = call.Value(Grace) ?? CatchUpRule.Default.Grace }),
        Job = new NewJob
        {
            Type = call.Value(Type)!,
            Payload = Payload.Read(call.Value(Json)),
            Queue = call.Value(Queue) ?? Defaults.Queue,
            Priority = call.Value(Priority) ?? Defaults.Priority,
            ExclusiveKey = call.Value(Key),
            ExclusiveLimit = call.Value(KeyLimit) ?? Defaults.ExclusiveLimit,
            ExpiresIn = call.Value(ExpiresIn),
            MaxAttempts = call.Value(Attempts) ?? Defaults.MaxAttempts,
            Timeout = call.Value(Timeout),
            Tags = call.Value(Tags) ?? [],
            Requires = call.Value(Requires) ?? [],
        },
    };

    private static ScheduleTiming Timing(Call call) => (call.Value(Cron), call.Value(Every)) switch
    {
        ({ } line, null) => new ScheduleTiming.Cron(CronLine.Parse(line), TimeZoneName.Find(call.Value(Zone) ?? "UTC")),
        (null, { }) when call.Has(Zone) => throw new Refusal("--zone is that of a --cron line; with --every leave it out."),
        (null, { } interval) => new ScheduleTiming.Every(interval),
        (null, null) => throw new Refusal("Say when it ticks: give --cron with a line, or --every with a duration."),
        _ => throw new Refusal("--cron and --every both say when it ticks; give one of them."),
    };

    private static T Sensible<T>(Func<T> setting)
    {
        try
        {
            return setting();
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new Refusal(error.Message);
        }
    }

    private static async Task<int> RemoveAsync(Call call)
    {
        var name = call.Value(Name)!;
        await using var store = call.OpenExisting();
        var schedule = await store.ScheduleAsync(name, CancellationToken.None).ConfigureAwait(false) ?? throw Unknown(name);
        await store.RemoveScheduleAsync(name, ChangeOutput.By, CancellationToken.None).ConfigureAwait(false);
        ChangeOutput.Print(call, PauseScope.Schedule, name, true, schedule.Program is { } program ? $"is removed; it comes back when {program} starts, which has it in its code" : "is removed");
        return ExitStatus.Done;
    }

    private static async Task<int> TriggerAsync(Call call)
    {
        var name = call.Value(Name)!;
        await using var store = call.OpenExisting();
        var job = await Readable(() => store.TriggerAsync(name, ChangeOutput.By, CancellationToken.None)).ConfigureAwait(false) ?? throw Unknown(name);
        JobIdOutput.Print(call, job);
        return ExitStatus.Done;
    }

    private static async Task<int> ChangeAsync(Call call, Func<IStore, string, Task<bool?>> change, string done, string idle)
    {
        var name = call.Value(Name)!;
        await using var store = call.OpenExisting();
        var changed = await Readable(() => change(store, name)).ConfigureAwait(false) ?? throw Unknown(name);
        ChangeOutput.Print(call, PauseScope.Schedule, name, changed, changed ? done : idle);
        return ExitStatus.Done;
    }

    /// <summary>What must read a schedule, which a newer program may have defined, or one on a machine with other time zones.</summary>
    private static async Task<T> Readable<T>(Func<Task<T>> change)
    {
        try
        {
            return await change().ConfigureAwait(false);
        }
        catch (FormatException error)
        {
            throw new Refusal(error.Message);
        }
    }

    private static Refusal Unknown(string name) => new($"There is no schedule '{name}'; steadwork schedules list shows those that there are.");
}
