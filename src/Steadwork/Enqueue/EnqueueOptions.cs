namespace Steadwork;

/// <summary>What one job says for itself; what it leaves unsaid its type says.</summary>
public sealed class EnqueueOptions
{
    /// <summary>Its queue. Default: that of its type.</summary>
    public string? Queue { get; set; }

    /// <summary>1 to 1000, lower runs first. Default 100.</summary>
    public int Priority { get; set; } = Defaults.Priority;

    /// <summary>How long it waits before it may run. Default zero.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>When it may run at the earliest; takes the place of <see cref="Delay"/>. Default null.</summary>
    public DateTimeOffset? RunAt { get; set; }

    /// <summary>
    /// How long it is worth beginning, counted from the enqueueing: up to 36,500 days. With <see cref="RunAt"/> say <see cref="ExpiresAt"/> instead. If it does not run by then it is cancelled, which costs no
    /// attempt; one that comes back to its line later, for a retry say, as well. Default null: for ever.
    /// </summary>
    public TimeSpan? ExpiresIn { get; set; }

    /// <summary>Until when it is worth beginning; takes the place of <see cref="ExpiresIn"/>. Default null.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>How many of its attempts may fail or crash. Default: that of its type.</summary>
    public int? MaxAttempts { get; set; }

    /// <summary>How long one attempt may take. Default: that of its type.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>While an unfinished job bears the same key, that one is returned and none is stored. Default null: no key.</summary>
    public string? UniqueKey { get; set; }

    /// <summary>
    /// How long the unique key stays taken at the least, counted from the enqueueing, also when the job has ended before: up to 36,500 days.
    /// Default null: until the job has ended.
    /// </summary>
    public TimeSpan? UniqueFor { get; set; }

    /// <summary>What becomes of the job that already bears the unique key. Default <see cref="WhenTaken.Keep"/>: it stays as it is, and is returned.</summary>
    public WhenTaken WhenTaken { get; set; }

    /// <summary>
    /// Jobs with the same key do not run at once, on whatever worker: the others wait, and begin in the order of their
    /// priority, then of their enqueueing. Default null: no key.
    /// </summary>
    public string? ExclusiveKey { get; set; }

    /// <summary>How many with the same exclusive key may run at once; 1 to 1000. Default 1, with which a job that waits for its retry lets no other pass.</summary>
    public int ExclusiveLimit { get; set; } = Defaults.ExclusiveLimit;

    /// <summary>
    /// The jobs that must have succeeded before it may run, up to 1,000. If one of them fails, is cancelled or deleted, it is cancelled with that
    /// as the reason; if that one is retried and succeeds after all, it goes on. Default none.
    /// </summary>
    public IList<JobId> After { get; } = [];

    /// <summary>Whether it is enough that those have ended, in whatever way. Default no.</summary>
    public bool RunsAnyway { get; set; }

    /// <summary>The batch that it is of, which must be open. If its unique key is taken, it joins the batch as nothing. Default null: of none.</summary>
    public BatchId? Batch { get; set; }

    /// <summary>Words to find it by. Default none.</summary>
    public IList<string> Tags { get; } = [];

    /// <summary>
    /// The tags that a worker must have to run it, all of them (see <see cref="Workers.WorkerOptions.Tags"/>); up to 10 words of letters and
    /// digits, or <c>- _ . : /</c> between them. Default null: what its type requires.
    /// </summary>
    public IList<string>? Requires { get; set; }
}
