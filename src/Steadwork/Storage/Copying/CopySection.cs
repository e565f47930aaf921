namespace Steadwork.Storage.Copying;

/// <summary>What a column of a section holds.</summary>
public enum CopyKind
{
    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Yes or no: 1 or 0.</summary>
    Flag,

    /// <summary>A point in time, in milliseconds since 1970 in UTC.</summary>
    Time,

    /// <summary>Text.</summary>
    Text,

    /// <summary>A list of names, as a JSON array without spaces.</summary>
    Names,
}

/// <summary>A column of a section.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it holds.</param>
public readonly record struct CopyColumn(string Name, CopyKind Kind);

/// <summary>
/// One kind of thing that a store holds, in the form in which it goes from store to store. A store has for each a statement
/// that reads it and one that writes it, with these columns in this order.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">Its columns. The rows are ordered by the first, or by the first two or three; text by its UTF-8 bytes.</param>
public sealed record CopySection(string Name, IReadOnlyList<CopyColumn> Columns)
{
    /// <summary>The queues that have a definition.</summary>
    public static CopySection Queues { get; } = new("queues", [Text("name"), Text("definition")]);

    /// <summary>The schedules.</summary>
    public static CopySection Schedules { get; } = new("schedules",
    [
        Text("name"), Text("timing"), Text("settings"), Text("payload"), Text("program"), Text("version"), Text("by"), Number("revision"),
        Time("anchor"), Time("next_at"), Time("last_tick"), Number("last_job"),
    ]);

    /// <summary>The queues and types that are paused, and the schedules.</summary>
    public static CopySection Pauses { get; } = new("pauses", [Text("scope"), Text("name"), Time("since"), Text("by")]);

    /// <summary>The rate limits.</summary>
    public static CopySection Limits { get; } = new("limits",
    [
        Text("scope"), Text("name"), Number("starts"), Number("period"), Flag("smooth"), Number("most"), Number("within"), Number("grain"), Time("since"), Text("by"),
    ]);

    /// <summary>What counts for them, by its kind and then by what it is called.</summary>
    public static CopySection LimitUses { get; } = new("limit-uses", [Text("scope"), Text("name"), Time("until"), Number("starts")]);

    /// <summary>The exclusive keys that a limit holds.</summary>
    public static CopySection HeldKeys { get; } = new("held-keys", [Text("key"), Time("until")]);

    /// <summary>The circuit breakers.</summary>
    public static CopySection Breakers { get; } = new("breakers",
    [
        Text("name"), Text("failure_ratio"), Number("window_time"), Number("minimum_calls"), Number("break_time"), Number("probes"),
        Text("state"), Time("since"), Time("until"), Number("let_through"), Number("passed"),
    ]);

    /// <summary>The calls of their windows.</summary>
    public static CopySection BreakerCalls { get; } = new("breaker-calls", [Text("breaker"), Number("worker"), Number("place"), Number("segment"), Number("calls"), Number("failed")]);

    /// <summary>Which job types depend on which of them.</summary>
    public static CopySection BreakerTypes { get; } = new("breaker-types", [Text("type"), Text("breaker")]);

    /// <summary>What holds for the whole store, with who has set it.</summary>
    public static CopySection Settings { get; } = new("settings", [Text("name"), Text("value"), Text("by"), Time("since")]);

    /// <summary>The queues and types that ever had a job, and what of their jobs required. How many they have is counted in the new store.</summary>
    public static CopySection Lanes { get; } = new("lanes", [Text("queue"), Text("type"), Text("requires")]);

    /// <summary>The batches, with the counts of their jobs: those that were pruned cannot be counted anew.</summary>
    public static CopySection Batches { get; } = new("batches",
    [
        Number("id"), Text("name"), Flag("open"), Time("created_at"), Time("ended_at"), Number("follower"),
        Number("pending"), Number("waiting"), Number("running"), Number("succeeded"), Number("failed"), Number("cancelled"), Number("deleted"),
    ]);

    /// <summary>The jobs, whatever has become of them.</summary>
    public static CopySection Jobs { get; } = new("jobs",
    [
        Number("id"), Text("queue"), Text("type"), Text("requires"), Text("state"), Flag("ready"), Number("priority"), Number("attempt"), Number("failures"), Number("max_attempts"),
        Flag("alone"), Number("lease"), Number("worker"), Time("run_at"), Time("created_at"), Time("started_at"), Time("finished_at"), Number("timeout"),
        Time("unique_until"), Text("unique_key"), Text("exclusive_key"), Number("exclusive_limit"), Number("slot"), Text("cancel_reason"), Text("trace_parent"), Names("tags"), Text("error"), Text("payload"), Text("result"),
        Flag("blocked"), Flag("is_parent"), Flag("runs_anyway"), Flag("orphaned"), Time("expires_at"), Number("batch"),
    ]);

    /// <summary>Which job comes after which; a batch that it follows stands there with its number negated.</summary>
    public static CopySection Dependencies { get; } = new("dependencies", [Number("child"), Number("parent"), Flag("done")]);

    /// <summary>The attempts that did not succeed; the others are told of by their job.</summary>
    public static CopySection Attempts { get; } = new("attempts",
    [
        Number("job"), Number("attempt"), Number("worker"), Time("started_at"), Time("finished_at"), Text("outcome"), Text("error"), Text("result"),
    ]);

    /// <summary>The log.</summary>
    public static CopySection Log { get; } = new("log",
    [
        Number("position"), Time("at"), Text("kind"), Number("job"), Number("lease"), Number("worker"), Text("data"),
    ]);

    /// <summary>The store's own id, and the numbers that were given last: none may come back as another's, even if what bore it is gone.</summary>
    public static CopySection Counters { get; } = new("counters", [Text("name"), Number("number"), Text("text")]);

    /// <summary>All of them, in the order in which they are written: what others refer to first, and last the counters, which the rows must not move again.</summary>
    public static IReadOnlyList<CopySection> All { get; } = [Queues, Schedules, Pauses, Settings, Limits, LimitUses, HeldKeys, Breakers, BreakerTypes, BreakerCalls, Lanes, Batches, Jobs, Dependencies, Attempts, Log, Counters];

    private static CopyColumn Number(string name) => new(name, CopyKind.Number);

    private static CopyColumn Flag(string name) => new(name, CopyKind.Flag);

    private static CopyColumn Time(string name) => new(name, CopyKind.Time);

    private static CopyColumn Text(string name) => new(name, CopyKind.Text);

    private static CopyColumn Names(string name) => new(name, CopyKind.Names);
}
