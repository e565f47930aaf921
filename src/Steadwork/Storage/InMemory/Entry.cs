namespace Steadwork.Storage.InMemory;

/// <summary>A job with what only the store knows of it. Never changed in place: each change is a new value.</summary>
internal sealed record Entry
{
    public required Job Job { get; init; }

    /// <summary>Whether it is pending and its time has come.</summary>
    public bool Ready { get; init; }

    /// <summary>The lease of its last claim.</summary>
    public LeaseToken Lease { get; init; }

    /// <summary>Which of the places of its exclusive key it has: from when it comes to its turn until it ends. Null while it has none.</summary>
    public int? Slot { get; init; }

    /// <summary>Whether it waits for others to end.</summary>
    public bool Blocked { get; init; }

    /// <summary>Whether it is enough that those have ended, in whatever way.</summary>
    public bool RunsAnyway { get; init; }

    /// <summary>Whether it was cancelled because of one of those.</summary>
    public bool Orphaned { get; init; }

    /// <summary>Until when its unique key stays taken once it has ended; null when its end frees the key.</summary>
    public DateTimeOffset? UniqueUntil { get; init; }

    public long Id => Job.Id.Value;

    public (string Queue, string Type) Lane => (Job.Queue, Job.Type);

    /// <summary>When it is cancelled unless it runs then.</summary>
    public DateTimeOffset? Expires => Job.State is JobState.Pending or JobState.Waiting ? Job.ExpiresAt : null;

    public bool Delayed => Job.State is JobState.Pending && !Ready;

    /// <summary>The exclusive key behind which it waits.</summary>
    public string? WaitsBehind => Job.State is JobState.Waiting && !Blocked ? Job.ExclusiveKey : null;

    /// <summary>The unique key that no other job may take, whatever the time.</summary>
    public string? TakenKey => UniqueUntil == Uniqueness.ForEver || !Job.State.IsEnded() ? Job.UniqueKey : null;

    /// <summary>The unique key that no other job may take for a time, since this one, which has ended, was enqueued not long enough ago.</summary>
    public (string Key, DateTimeOffset Until)? LentKey => TakenKey is null && Job.UniqueKey is { } key && UniqueUntil is { } until ? (key, until) : null;

    /// <summary>It where its time says: in its line, behind its exclusive key unless it has a place there, or waiting for its time, and then without such a place.</summary>
    public Entry Placed(DateTimeOffset now)
    {
        var due = Job.RunAt <= now;
        var behind = due && Job.ExclusiveKey is not null && Slot is null;
        return this with { Ready = due && !behind, Slot = due ? Slot : null, Job = Job with { State = behind ? JobState.Waiting : JobState.Pending } };
    }

    /// <summary>What the lifecycle must know of it.</summary>
    public RunningJob Running => new(Job.Attempt, Job.Failures, Job.MaxAttempts, Job.CancelReason);

    /// <summary>It as it is given to a worker.</summary>
    public ClaimedJob Claimed => new()
    {
        Id = Job.Id,
        Lease = Lease,
        Type = Job.Type,
        Queue = Job.Queue,
        Attempt = Job.Attempt,
        Failures = Job.Failures,
        MaxAttempts = Job.MaxAttempts,
        Timeout = Job.Timeout,
        TraceParent = Job.TraceParent,
        BatchId = Job.BatchId,
        Tags = Job.Tags,
        Payload = Job.Payload,
        Alone = Job.Alone,
    };
}
