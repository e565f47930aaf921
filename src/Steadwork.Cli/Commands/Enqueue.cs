using System.CommandLine;
using Steadwork.Cli.Bulk;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>enqueue</c>: stores one job, or one for each line of a file.</summary>
internal static class EnqueueCommand
{
    private static readonly Argument<string> Type = new("TYPE") { HelpName = "TYPE", Description = "The job type, a name that a worker has a handler for." };

    private static readonly Argument<string?> Json = new("JSON")
    {
        HelpName = "JSON",
        Description = "The payload; - reads it from standard input. Default: {}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Queue = Options.Text("--queue", "Q", $"The queue. Default: {Defaults.Queue}.");
    private static readonly Option<int?> Priority = Options.Number("--priority", $"1 to 1000; lower runs first. Default: {Defaults.Priority}.", 1, 1000);
    private static readonly Option<TimeSpan?> Delay = Options.Duration("--delay", "How long to wait before it may run, such as 30s or 1h30m.");
    private static readonly Option<DateTimeOffset?> At = Options.Time("--at", "When it may run at the earliest, such as 2030-01-31T09:00:00Z.");
    private static readonly Option<TimeSpan?> ExpiresIn = Options.Duration("--expires-in", "How long it is worth beginning, such as 10m: unless it runs by then it is cancelled. Default: for ever.");
    private static readonly Option<DateTimeOffset?> ExpiresAt = Options.Time("--expires-at", "The same as a point in time.");
    private static readonly Option<string?> Key = Options.Text("--key", "K", "Jobs with the same exclusive key do not run at once, on whatever worker: the others wait for their turn.");
    private static readonly Option<int?> KeyLimit = Options.Number("--key-limit", $"How many with the same --key may run at once. Default: {Defaults.ExclusiveLimit}.", 1, 1000);
    private static readonly Option<string?> Unique = Options.Text("--unique", "K", "At most one unfinished job bears this key: while there is one, its id is printed and nothing is added.");
    private static readonly Option<TimeSpan?> UniqueFor = Options.Duration("--unique-for", "How long the --unique key stays taken after the enqueueing, also when its job ends before. Default: until the job has ended.");

    private static readonly Option<WhenTaken?> WhenTaken = Options.Choice(
        "--when-taken",
        "WHAT",
        "What becomes of the unfinished job that bears the --unique key: keep it, replace its payload and its time unless it runs, or replace-payload or replace-time alone; or refuse this one. Default: keep.",
        [("keep", Steadwork.WhenTaken.Keep), ("replace", Steadwork.WhenTaken.Replace), ("replace-payload", Steadwork.WhenTaken.ReplacePayload), ("replace-time", Steadwork.WhenTaken.ReplaceTime), ("refuse", Steadwork.WhenTaken.Refuse)]);

    private static readonly Option<int?> Attempts = Options.Number("--attempts", $"How many attempts may fail. Default: {Defaults.MaxAttempts}.", 1, 1000);
    private static readonly Option<TimeSpan?> Timeout = Options.Duration("--timeout", "How long one attempt may take. Default: as long as it likes.");
    private static readonly Option<string[]> Tags = Options.Texts("--tag", "T", "A word to find it by; may be repeated.");
    private static readonly Option<string[]> Requires = Options.Texts("--requires", "TAG", "A tag that a worker must have to run it, such as gpu; may be repeated: then all of them.");
    private static readonly Option<JobId[]> After = Options.Jobs("--after", "A job that must have succeeded first; may be repeated. If it fails or is cancelled, so is this one.");
    private static readonly Option<bool> Anyway = Options.Flag("--anyway", "Run however the --after jobs end.");
    private static readonly Option<BatchId?> Into = BatchIds.Option("--into", "The open batch that it is of.");
    private static readonly Option<string?> Batch = Options.Text("--batch", "NAME", "With --jsonl: enqueue the jobs as one batch of this name, and print its id.");
    private static readonly Option<string?> Then = Options.Text("--then", "TYPE", "With --batch: the type of the job that follows, in the same queue, when all have succeeded; else it is cancelled.");
    private static readonly Option<string?> ThenJson = Options.Text("--then-json", "JSON", "Its payload. Default: {}.");
    private static readonly Option<bool> ThenAnyway = Options.Flag("--then-anyway", "Have it run however the jobs of the batch end.");
    private static readonly Option<bool> Open = Options.Flag("--open", "With --batch: it takes more jobs, by --into, until batches close ends that.");
    private static readonly Option<string?> Lines = Options.Text("--jsonl", "FILE", "Enqueue one job for each line of FILE (- for standard input), the line being its payload. All lines are checked before the first job is stored.");

    public static Verb Create() => new Verb(
        "enqueue",
        "Stores a job for a worker to run, and prints its id.",
        "steadwork enqueue import-note '{\"path\":\"a.txt\"}' --queue imports --delay 5m",
        "steadwork enqueue import-note --jsonl notes.jsonl",
        "steadwork enqueue import-note --jsonl notes.jsonl --batch notes --then publish")
    {
        Type, Json, Queue, Priority, Delay, At, ExpiresIn, ExpiresAt, Key, KeyLimit, Unique, UniqueFor, WhenTaken, After, Anyway, Attempts, Timeout, Tags, Requires, Lines, Batch, Then, ThenJson, ThenAnyway, Open, Into,
    }.Does(EnqueueAsync);

    private static async Task<int> EnqueueAsync(Call call)
    {
        if (call.Has(Delay) && call.Has(At))
            throw new Refusal("--delay and --at both say when the job may run; give one of them.");
        if (call.Has(ExpiresIn) && call.Has(ExpiresAt))
            throw new Refusal("--expires-in and --expires-at both say until when the job is worth beginning; give one of them.");
        if (call.Has(KeyLimit) && !call.Has(Key))
            throw new Refusal("--key-limit says how many jobs with the same --key may run at once; give that, too.");
        if (call.Has(Anyway) && !call.Has(After))
            throw new Refusal("--anyway says that the job runs however those --after which it comes end; give those, too.");
        if (call.Has(UniqueFor) && !call.Has(Unique))
            throw new Refusal("--unique-for says how long the --unique key stays taken; give that, too.");
        if (call.Has(WhenTaken) && !call.Has(Unique))
            throw new Refusal("--when-taken says what becomes of the job that bears the --unique key; give that, too.");
        if (call.Has(Batch) && !call.Has(Lines))
            throw new Refusal("--batch makes one batch of the lines of a file; give --jsonl, too. A single job is added to an open batch by --into.");
        if (call.Has(Batch) && call.Has(Into))
            throw new Refusal("--batch makes a new batch, and --into adds to one that is there; give one of them.");
        if ((call.Has(Then) || call.Has(Open)) && !call.Has(Batch))
            throw new Refusal($"{(call.Has(Then) ? "--then says what follows a batch" : "--open leaves a batch open")}; give --batch, too.");
        if ((call.Has(ThenJson) || call.Has(ThenAnyway)) && !call.Has(Then))
            throw new Refusal($"{(call.Has(ThenJson) ? "--then-json" : "--then-anyway")} is said of the job that follows a batch; give --then, too.");
        if (call.Value(Lines) is { } file)
            return await EnqueueLinesAsync(call, file).ConfigureAwait(false);

        var job = Wanted(call) with { Payload = Payload.Read(call.Value(Json)) };
        if (Payload.RefusalOf(job) is { } refusal)
            throw new Refusal(refusal);
        await using var store = call.OpenOrCreate();
        var stored = (await store.EnqueueAsync([job], CancellationToken.None).ConfigureAwait(false))[0];
        JobIdOutput.Print(call, stored);
        return ExitStatus.Done;
    }

    private static async Task<int> EnqueueLinesAsync(Call call, string file)
    {
        if (call.Has(Json))
            throw new Refusal("With --jsonl the payloads are the lines of the file; leave JSON out.");
        if (call.Has(Unique))
            throw new Refusal("With --jsonl all jobs would bear one --unique key, and only the first could be stored; leave it out.");
        using var signals = new StopSignals();
        var stored = await BulkEnqueue.RunAsync(Wanted(call), BatchOf(call), file, call.OpenOrCreate, signals.Token).ConfigureAwait(false);
        if (call.Json)
        {
            JsonOutput.Document(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("count", stored.Count);
                json.WriteNumberOrNull("firstId", stored.First?.Value);
                json.WriteNumberOrNull("lastId", stored.Last?.Value);
                if (stored.Batch is { } batch)
                {
                    json.WriteNumber("batchId", batch.Value);
                    json.WriteNumberOrNull("follower", stored.Follower?.Value);
                }
                json.WriteEndObject();
            });
        }
        else
        {
            var batch = stored.Batch is { } id ? $" as batch {id}{(stored.Follower is { } follower ? $", which job {follower} follows" : "")}" : "";
            Console.Out.WriteLine($"{stored.Count} jobs enqueued{batch}");
        }
        return ExitStatus.Done;
    }

    /// <summary>The batch that is to be made of the lines; null for none.</summary>
    private static NewBatch? BatchOf(Call call)
    {
        if (call.Value(Batch) is not { } name)
            return null;
        if (NewJobRules.NameRefusal("name of the batch", name) is { } refusal)
            throw new Refusal(refusal);
        return new NewBatch { Name = name, IsOpen = call.Has(Open), Follower = FollowerOf(call) };
    }

    private static NewJob? FollowerOf(Call call)
    {
        if (call.Value(Then) is not { } type)
            return null;
        var job = new NewJob
        {
            Type = type,
            Payload = Payload.Read(call.Value(ThenJson)),
            Queue = call.Value(Queue) ?? Defaults.Queue,
            RunsAnyway = call.Has(ThenAnyway),
            TraceParent = TraceContext.FromEnvironment(),
        };
        return Payload.RefusalOf(job) is { } refusal ? throw new Refusal($"The job of --then: {refusal}") : job;
    }

    private static NewJob Wanted(Call call) => new()
    {
        Type = call.Value(Type)!,
        Payload = Payload.Read(null),
        Queue = call.Value(Queue) ?? Defaults.Queue,
        Priority = call.Value(Priority) ?? Defaults.Priority,
        Delay = call.Value(Delay) ?? TimeSpan.Zero,
        RunAt = call.Value(At),
        ExpiresIn = call.Value(ExpiresIn),
        ExpiresAt = call.Value(ExpiresAt),
        UniqueKey = call.Value(Unique),
        UniqueFor = call.Value(UniqueFor),
        WhenTaken = call.Value(WhenTaken) ?? Steadwork.WhenTaken.Keep,
        ExclusiveKey = call.Value(Key),
        ExclusiveLimit = call.Value(KeyLimit) ?? Defaults.ExclusiveLimit,
        MaxAttempts = call.Value(Attempts) ?? Defaults.MaxAttempts,
        Timeout = call.Value(Timeout),
        After = [.. (call.Value(After) ?? []).Distinct()],
        RunsAnyway = call.Has(Anyway),
        Batch = call.Value(Into),
        Tags = call.Value(Tags) ?? [],
        Requires = call.Value(Requires) ?? [],
        TraceParent = TraceContext.FromEnvironment(),
    };
}
