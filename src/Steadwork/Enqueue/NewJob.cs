namespace Steadwork;

/// <summary>How long a unique key stays taken.</summary>
public enum UniqueScope
{
    /// <summary>Until the job that bears it has ended.</summary>
    WhileUnfinished,

    /// <summary>As long as the job is kept, ended or not.</summary>
    WhileKept,
}

/// <summary>What becomes of the job that already bears a unique key, and of the newer one.</summary>
public enum WhenTaken
{
    /// <summary>It stays as it is, and is named instead of the newer one.</summary>
    Keep,

    /// <summary>
    /// While it is pending or waiting it takes over the payload and the time of the newer one, also until when that is worth beginning, and nothing else: many in a row become one, as
    /// late as the last of them says (debouncing). One that runs or has ended stays as it is; one of another type refuses the whole list that
    /// holds the newer one: <see cref="UniqueKeyTakenException"/>.
    /// </summary>
    Replace,

    /// <summary>The same of the payload alone: the newest one runs at the time of the first (throttling).</summary>
    ReplacePayload,

    /// <summary>The same of the time alone, and of until when it is worth beginning.</summary>
    ReplaceTime,

    /// <summary>It stays as it is, and of the whole list that holds the newer one nothing is stored: <see cref="UniqueKeyTakenException"/>.</summary>
    Refuse,

    /// <summary>Unless it has succeeded it takes over <see cref="NewJob.MaxAttempts"/>; an attempt under way still ends by the old number.</summary>
    Amend,
}

/// <summary>A job on its way into a store. Its values have been checked by <see cref="NewJobRules"/>.</summary>
public sealed record NewJob
{
    /// <summary>The stable name of its kind of work.</summary>
    public required string Type { get; init; }

    /// <summary>Its payload, UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Its line. <c>default</c> unless said.</summary>
    public string Queue { get; init; } = Defaults.Queue;

    /// <summary>1 to 1000, lower runs first. 100 unless said.</summary>
    public int Priority { get; init; } = Defaults.Priority;

    /// <summary>How long to wait before it may run; none unless said. Counted from the enqueueing, on the store's clock.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>When it may run at the earliest; null leaves it to <see cref="Delay"/>.</summary>
    public DateTimeOffset? RunAt { get; init; }

    /// <summary>
    /// How long it is worth beginning; for ever unless said. Counted from the enqueueing, on the store's clock in whole milliseconds. One that
    /// does not run by then is cancelled.
    /// </summary>
    public TimeSpan? ExpiresIn { get; init; }

    /// <summary>Until when it is worth beginning; null leaves it to <see cref="ExpiresIn"/>.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>How many attempts may fail or crash. 3 unless said.</summary>
    public int MaxAttempts { get; init; } = Defaults.MaxAttempts;

    /// <summary>How long one attempt may take; null means as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>At most one job bears the same one, of whatever type and queue, as long as <see cref="UniqueScope"/> says.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>How long the unique key stays taken. While unfinished unless said.</summary>
    public UniqueScope UniqueScope { get; init; }

    /// <summary>
    /// How long the unique key stays taken at the least, counted from the enqueueing on the store's clock in whole milliseconds, also
    /// when its job has ended before; none unless said.
    /// </summary>
    public TimeSpan? UniqueFor { get; init; }

    /// <summary>What becomes of the job that already bears the unique key. It stays as it is unless said.</summary>
    public WhenTaken WhenTaken { get; init; }

    /// <summary>Of the jobs that bear the same one, <see cref="ExclusiveLimit"/> run at once at the most, on all workers together. None unless said.</summary>
    public string? ExclusiveKey { get; init; }

    /// <summary>How many with its exclusive key may run at once when it begins, itself included; 1 to 1000. 1 unless said.</summary>
    public int ExclusiveLimit { get; init; } = Defaults.ExclusiveLimit;

    /// <summary>The jobs that must have succeeded before it may run; if one of them fails, is cancelled or deleted, it is cancelled. None unless said.</summary>
    public IReadOnlyList<JobId> After { get; init; } = [];

    /// <summary>The same of jobs that are enqueued with it, by their places in the list, all of which come before its own.</summary>
    public IReadOnlyList<int> AfterPlaces { get; init; } = [];

    /// <summary>Whether it is enough that those have ended, in whatever way. No unless said.</summary>
    public bool RunsAnyway { get; init; }

    /// <summary>The batch that it is of, which must be open. None unless said. If its unique key is taken, it joins the batch as nothing.</summary>
    public BatchId? Batch { get; init; }

    /// <summary>The batch that it follows; said by the batch.</summary>
    internal BatchId? AfterBatch { get; init; }

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The tags that a worker must have to run it, all of them; up to 10. None unless said.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>The W3C trace context in which it is enqueued (<c>traceparent</c>); null when there is none.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Whether another one differs from it in the payload alone.</summary>
    internal bool IsAlike(NewJob other) =>
        Type == other.Type && Queue == other.Queue && Priority == other.Priority && Delay == other.Delay && RunAt == other.RunAt
        && ExpiresIn == other.ExpiresIn && ExpiresAt == other.ExpiresAt && MaxAttempts == other.MaxAttempts && Timeout == other.Timeout
        && UniqueKey == other.UniqueKey && UniqueScope == other.UniqueScope && UniqueFor == other.UniqueFor && WhenTaken == other.WhenTaken
        && ExclusiveKey == other.ExclusiveKey && ExclusiveLimit == other.ExclusiveLimit && RunsAnyway == other.RunsAnyway
        && Batch == other.Batch && AfterBatch == other.AfterBatch && TraceParent == other.TraceParent
        && AreAlike(After, other.After) && AreAlike(AfterPlaces, other.AfterPlaces) && AreAlike(Tags, other.Tags) && AreAlike(Requires, other.Requires);

    private static bool AreAlike<T>(IReadOnlyList<T> these, IReadOnlyList<T> those) => these.Count == those.Count && (these.Count == 0 || these.SequenceEqual(those));
}
