namespace Steadwork.Storage;

/// <summary>The answer to one enqueued job.</summary>
/// <param name="Id">The job, or the one that bears its unique key.</param>
/// <param name="Existing">Whether it is the latter.</param>
/// <param name="State">Where that job stands.</param>
public readonly record struct EnqueuedJob(JobId Id, bool Existing, JobState State);

/// <summary>A worker that registers.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="Queues">The queues that it serves.</param>
/// <param name="Types">The job types that it has handlers for.</param>
/// <param name="Capacity">How many jobs it may hold at once, prefetched ones included.</param>
/// <param name="Lease">How long it may be silent before its jobs are given to others.</param>
public sealed record WorkerStart(string Name, IReadOnlyList<string> Queues, IReadOnlyList<string> Types, int Capacity, TimeSpan Lease)
{
    /// <summary>The breakers that its handlers depend on. How they are set counts from now on; where they stand is not changed. Default none.</summary>
    public IReadOnlyList<BreakerDefinition> Breakers { get; init; } = [];

    /// <summary>Which of its types depend on which of these; what is known of other types stays. Default none.</summary>
    public IReadOnlyList<TypeBreakers> TypeBreakers { get; init; } = [];

    /// <summary>What jobs can require of it. Default none.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The order in which it means to claim, for people. Default by priority, all queues together.</summary>
    public ClaimRule Rule { get; init; } = ClaimRule.Default;
}

/// <summary>A registered incarnation of a worker.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Identity">The value of <c>STEADWORK_WORKER</c> for programs that it starts; no other worker of any store has the same.</param>
/// <param name="Marks">Where it notes which of its jobs have begun.</param>
/// <param name="ProgramsFile">The file in which it notes the process groups of its programs, for whoever finds it dead; null where there is no such place.</param>
public sealed record WorkerSession(WorkerId Id, string Identity, IStartMarks Marks, string? ProgramsFile = null);

/// <summary>
/// Notes which claimed jobs have begun, in a place that outlives the process, at the price of a memory write.
/// Recovery reads it to tell the job that may have killed its worker from those that merely stood beside it.
/// </summary>
public interface IStartMarks
{
    /// <summary>The handler is about to begin.</summary>
    void Begun(LeaseToken lease);

    /// <summary>The handler has ended; its end is not stored yet.</summary>
    void Ended(LeaseToken lease);

    /// <summary>The store has taken the end, or refused it: nothing is left to know.</summary>
    void Settled(LeaseToken lease);
}

/// <summary>The answer to a heartbeat.</summary>
/// <param name="Alive">False when the worker has been declared dead: all its leases are lost.</param>
/// <param name="Cancellations">The running jobs of this worker that somebody wants cancelled.</param>
public sealed record Renewal(bool Alive, IReadOnlyList<Cancellation> Cancellations);

/// <summary>A wish to cancel a running job.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Lease">The lease under which it ran when the wish was read.</param>
/// <param name="Reason">Who or why, for people.</param>
public readonly record struct Cancellation(JobId Job, LeaseToken Lease, string Reason);

/// <summary>What becomes of a job that a worker held.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Lease">The lease under which it ran.</param>
/// <param name="Transition">What the lifecycle decided.</param>
/// <param name="StartedAt">When its handler began; null when it had not.</param>
/// <param name="FinishedAt">When its handler ended; null takes the time at which the store is told.</param>
public readonly record struct AttemptEnd(JobId Job, LeaseToken Lease, Transition Transition, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt = null)
{
    /// <summary>How it went with what the job depends on; null where nothing is known of it.</summary>
    public IReadOnlyList<DependencyCall>? Calls { get; init; }
}

/// <summary>What a worker wants to run.</summary>
/// <param name="Queues">From which queues.</param>
/// <param name="Types">Of which types: only those that it has handlers for.</param>
/// <param name="Max">How many at the most.</param>
/// <param name="Holding">How many it holds besides; a job that must be claimed alone is given only to one that holds none.</param>
/// <param name="Known">
/// After an exchange whose answer was lost, the leases that it knows of: whatever else it holds was claimed for it by that
/// exchange, and is handed to it first, beside <paramref name="Max"/>. Null when no answer was lost.
/// </param>
public sealed record ClaimRequest(IReadOnlyList<string> Queues, IReadOnlyList<string> Types, int Max, int Holding, IReadOnlyCollection<LeaseToken>? Known = null)
{
    /// <summary>In which order. Default by priority, all queues together.</summary>
    public ClaimRule Rule { get; init; } = ClaimRule.Default;

    /// <summary>The tags that it has: a job that requires another is not given to it. Default none.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>
    /// Whether a wake-up led to it, so that something will be there, and is wanted soon. Before a store claims that, it need not look at what comes
    /// next: it may answer what it knew of it, and then says <see cref="Exchange.MayHaveMissed"/>. Default false.
    /// </summary>
    public bool IsRung { get; init; }
}

/// <summary>The answer to an exchange.</summary>
/// <param name="Accepted">For each end, in order, whether it was applied; false means that the lease was lost.</param>
/// <param name="Claimed">The jobs that now run under this worker, in the order in which they should start.</param>
/// <param name="NextDue">When the next delayed job falls due, the next one expires, or a rate limit or breaker lets more through, whichever is earliest; null when there is none of it.</param>
/// <param name="Alive">False when the worker has been declared dead: it gets no more jobs under this id.</param>
public sealed record Exchange(IReadOnlyList<bool> Accepted, IReadOnlyList<ClaimedJob> Claimed, DateTimeOffset? NextDue, bool Alive)
{
    /// <summary>
    /// The places of ends that are neither applied nor refused, because a transaction that is open still has ended their jobs; to be
    /// told again. Default none.
    /// </summary>
    public IReadOnlyList<int> PutOff { get; init; } = [];

    /// <summary>When the next schedule ticks; null when none does.</summary>
    public DateTimeOffset? NextTick { get; init; }

    /// <summary>The breakers that are not closed, by name: nothing is claimed for them but <see cref="ClaimedJob.IsProbe"/>. Default none.</summary>
    public IReadOnlyList<string> Shut { get; init; } = [];

    /// <summary>
    /// Whether it is worth asking once more, a little later: jobs may have been passed over that another claim looked at in this moment, and may not have taken,
    /// or what comes next was not looked at (<see cref="ClaimRequest.IsRung"/>).
    /// </summary>
    public bool MayHaveMissed { get; init; }
}

/// <summary>A job with the lease under which it runs.</summary>
public sealed record ClaimedJob
{
    /// <summary>Its number.</summary>
    public required JobId Id { get; init; }

    /// <summary>The fence of every write about it.</summary>
    public required LeaseToken Lease { get; init; }

    /// <summary>The stable name of its kind of work.</summary>
    public required string Type { get; init; }

    /// <summary>The line that it stood in.</summary>
    public required string Queue { get; init; }

    /// <summary>Which start of the job this is, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>How many earlier attempts count against <see cref="MaxAttempts"/>.</summary>
    public required int Failures { get; init; }

    /// <summary>How many attempts may fail or crash.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>How long this attempt may take; null means as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The W3C trace context in which it was enqueued; null when there was none.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The batch that it is of; null when it is of none.</summary>
    public BatchId? BatchId { get; init; }

    /// <summary>The words to find it by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Its payload, UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Whether no other job may be claimed while this one runs.</summary>
    public bool Alone { get; init; }

    /// <summary>Whether it was let through while a breaker that it depends on was not closed, to see how it fares.</summary>
    public bool IsProbe { get; init; }
}

/// <summary>A dead worker and what became of its jobs.</summary>
/// <param name="Worker">Its number.</param>
/// <param name="Reason">How it was found dead, for people.</param>
/// <param name="Jobs">Its jobs with what became of them.</param>
public sealed record RecoveredWorker(WorkerId Worker, string Reason, IReadOnlyList<RecoveredJob> Jobs);

/// <summary>A job that a dead worker had held.</summary>
/// <param name="Job">Which job.</param>
/// <param name="Transition">What the lifecycle decided.</param>
public readonly record struct RecoveredJob(JobId Job, Transition Transition);

/// <summary>Which jobs to find. Conditions add up.</summary>
public sealed record JobQuery
{
    /// <summary>Only these; null means any. They come in the order of their ids.</summary>
    public IReadOnlyList<JobId>? Ids { get; init; }

    /// <summary>Only in this state.</summary>
    public JobState? State { get; init; }

    /// <summary>Only in this queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Only of this type.</summary>
    public string? Type { get; init; }

    /// <summary>Only with this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Only those that require none but these of a worker; null means any.</summary>
    public IReadOnlyList<string>? RequiresAtMost { get; init; }

    /// <summary>Only of this batch.</summary>
    public BatchId? Batch { get; init; }

    /// <summary>Only with this text in payload, result or last error; case does not matter for ASCII letters.</summary>
    public string? Text { get; init; }

    /// <summary>Only those that have been started before (true) or never (false).</summary>
    public bool? Started { get; init; }

    /// <summary>Only those that may run at this time.</summary>
    public DateTimeOffset? DueBy { get; init; }

    /// <summary>Only with a smaller id: the next page of a listing.</summary>
    public JobId? Before { get; init; }

    /// <summary>How many at the most. Default 100.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>How many jobs stand in each state.</summary>
/// <param name="Pending">May run at their time.</param>
/// <param name="Waiting">Wait for others.</param>
/// <param name="Running">Claimed.</param>
/// <param name="Succeeded">Ended well.</param>
/// <param name="Failed">Dead letters.</param>
/// <param name="Cancelled">Ended by request.</param>
public readonly record struct StateCounts(long Pending, long Waiting, long Running, long Succeeded, long Failed, long Cancelled)
{
    /// <summary>Adds counts state by state.</summary>
    public static StateCounts operator +(StateCounts a, StateCounts b) => new(
        a.Pending + b.Pending, a.Waiting + b.Waiting, a.Running + b.Running,
        a.Succeeded + b.Succeeded, a.Failed + b.Failed, a.Cancelled + b.Cancelled);

    /// <summary>Of all states.</summary>
    public long Total => Unfinished + Succeeded + Failed + Cancelled;

    /// <summary>Of those that have not ended.</summary>
    public long Unfinished => Pending + Waiting + Running;

    /// <summary>The count of one state.</summary>
    public long this[JobState state] => state switch
    {
        JobState.Pending => Pending,
        JobState.Waiting => Waiting,
        JobState.Running => Running,
        JobState.Succeeded => Succeeded,
        JobState.Failed => Failed,
        _ => Cancelled,
    };

    /// <summary>These counts with one of them changed.</summary>
    public StateCounts With(JobState state, long change) => state switch
    {
        JobState.Pending => this with { Pending = Pending + change },
        JobState.Waiting => this with { Waiting = Waiting + change },
        JobState.Running => this with { Running = Running + change },
        JobState.Succeeded => this with { Succeeded = Succeeded + change },
        JobState.Failed => this with { Failed = Failed + change },
        _ => this with { Cancelled = Cancelled + change },
    };
}

/// <summary>The jobs of one type in one queue, counted.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Type">The job type.</param>
/// <param name="Counts">How many stand in each state.</param>
public sealed record LaneCounts(string Queue, string Type, StateCounts Counts);

/// <summary>A registered worker.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Host">The machine that it runs on.</param>
/// <param name="ProcessId">Its process there.</param>
/// <param name="Queues">The queues that it serves.</param>
/// <param name="Types">The job types that it has handlers for.</param>
/// <param name="StartedAt">When it registered.</param>
/// <param name="Running">How many jobs it holds, prefetched ones included.</param>
public sealed record WorkerView(WorkerId Id, string Name, string Host, int ProcessId, IReadOnlyList<string> Queues, IReadOnlyList<string> Types, DateTimeOffset StartedAt, long Running)
{
    /// <summary>What jobs can require of it.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The order in which it claims.</summary>
    public ClaimRule Rule { get; init; } = ClaimRule.Default;

    internal bool CanRun(Job job) => Types.Contains(job.Type) && Queues.Contains(job.Queue) && Requirement.IsMet(job.Requires, Tags);
}

/// <summary>A store in numbers.</summary>
/// <param name="Lanes">The counts of each queue and type that ever had a job.</param>
/// <param name="Workers">The registered workers.</param>
/// <param name="LogPosition">The position of the newest log entry, also when it has been pruned; 0 when there has been none.</param>
/// <param name="Pauses">The queues and types that are paused, in the order of scope and name.</param>
public sealed record StoreStatistics(IReadOnlyList<LaneCounts> Lanes, IReadOnlyList<WorkerView> Workers, long LogPosition, IReadOnlyList<Pause> Pauses)
{
    /// <summary>The pause of a queue or type; null when it is not paused.</summary>
    public Pause? PauseOf(PauseScope scope, string name) => Pauses.FirstOrDefault(pause => pause.Scope == scope && pause.Name == name);
}

/// <summary>Where a job stands among others.</summary>
/// <param name="Job">The job.</param>
/// <param name="KeyHolders">The jobs that have the places of its exclusive key, itself perhaps among them; none when it has no such key, or has ended.</param>
/// <param name="AheadBehindKey">How many that wait behind its exclusive key come before it; 0 when it does not wait there.</param>
/// <param name="AheadInLine">
/// How many jobs of its queue that may run now come before it, of those that the live workers which could run it could run as well: in
/// the order in which these claim. Where they have no one order that can be told (see <paramref name="Rules"/>), how many there are besides it.
/// By priority and of all, where no live worker could run it. 0 when it may not run now.
/// </param>
/// <param name="Parents">The jobs that it comes after, those first for which it still waits; the first hundred.</param>
/// <param name="Rules">The different rules by which the live workers claim that could run it.</param>
public sealed record Standing(Job Job, IReadOnlyList<KeyHolder> KeyHolders, long AheadBehindKey, long AheadInLine, IReadOnlyList<Parent> Parents, IReadOnlyList<ClaimRule> Rules)
{
    /// <summary>How many jobs of other queues that may run now come before it, whichever of the live workers that could run it claims. 0 when it may not run now.</summary>
    public long AheadInOtherQueues { get; init; }

    /// <summary>The batch that it follows; null when it follows none.</summary>
    public FollowedBatch? Follows { get; init; }

    /// <summary>More parents are not listed.</summary>
    public const int ParentsAtMost = 100;

    /// <summary>More are not counted.</summary>
    public const int CountedAtMost = 10_000;
}

/// <summary>A job that another one comes after.</summary>
/// <param name="Job">Its number.</param>
/// <param name="State">Where it stands; null when it has been deleted.</param>
/// <param name="IsDone">Whether the other one waits for it no more.</param>
public readonly record struct Parent(JobId Job, JobState? State, bool IsDone);

/// <summary>A batch that a job follows.</summary>
/// <param name="Batch">How it stands.</param>
/// <param name="IsDone">Whether the job waits for it no more.</param>
public sealed record FollowedBatch(BatchView Batch, bool IsDone);

/// <summary>A job that has a place of an exclusive key.</summary>
/// <param name="Job">The job.</param>
/// <param name="State">Where it stands: running, or pending when it is to run next or again.</param>
/// <param name="Worker">The worker that runs it.</param>
public readonly record struct KeyHolder(JobId Job, JobState State, WorkerId? Worker);

/// <summary>What can be paused.</summary>
public enum PauseScope
{
    /// <summary>A queue.</summary>
    Queue,

    /// <summary>A schedule: it does not tick.</summary>
    Schedule,

    /// <summary>A job type.</summary>
    Type,
}

/// <summary>A queue or type none of whose jobs is claimed, or a schedule that does not tick.</summary>
/// <param name="Scope">What the name is one of.</param>
/// <param name="Name">The queue, type or schedule.</param>
/// <param name="Since">When it was paused.</param>
/// <param name="By">Who paused it or why.</param>
public sealed record Pause(PauseScope Scope, string Name, DateTimeOffset Since, string By);
