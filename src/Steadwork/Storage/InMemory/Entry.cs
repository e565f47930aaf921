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

    public UniqueScope UniqueScope { get; init; }

    /// <summary>Whether, as a draft, it changes the job that already bears its key.</summary>
    public bool Amends { get; init; }

    public long Id => Job.Id.Value;

    public (string Queue, string Type) Lane => (Job.Queue, Job.Type);

    public bool Delayed => Job.State is JobState.Pending && !Ready;

    /// <summary>The exclusive key behind which it waits.</summary>
    public string? WaitsBehind => Job.State is JobState.Waiting && !Blocked ? Job.ExclusiveKey : null;

    /// <summary>The unique key that no other job may take now.</summary>
    public string? TakenKey => UniqueScope is UniqueScope.WhileKept || !Job.State.IsEnded() ? Job.UniqueKey : null;

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
        Tags = Job.Tags,
        Payload = Job.Payload,
        Alone = Job.Alone,
    };
}
