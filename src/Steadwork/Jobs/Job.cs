namespace Steadwork;

/// <summary>A job as it is read from a store.</summary>
public sealed record Job
{
    /// <summary>Its number.</summary>
    public required JobId Id { get; init; }

    /// <summary>The stable name of its kind of work.</summary>
    public required string Type { get; init; }

    /// <summary>The line that it stands in.</summary>
    public required string Queue { get; init; }

    /// <summary>1 to 1000; lower runs first.</summary>
    public required int Priority { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobState State { get; init; }

    /// <summary>How often it has been started; starts that did not count are included.</summary>
    public required int Attempt { get; init; }

    /// <summary>How many of its attempts since it was enqueued or last retried by hand count against <see cref="MaxAttempts"/>.</summary>
    public required int Failures { get; init; }

    /// <summary>How many attempts may fail or crash before it is failed.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>How long one attempt may take; null means as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>When it may run at the earliest.</summary>
    public required DateTimeOffset RunAt { get; init; }

    /// <summary>When it is cancelled unless it runs then; null when it is worth beginning for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was enqueued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its present or last attempt began; null while it has not been started since it was enqueued or given back.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>At most one unfinished job bears the same one.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>At most <see cref="ExclusiveLimit"/> jobs that bear the same one run at once.</summary>
    public string? ExclusiveKey { get; init; }

    /// <summary>How many with its exclusive key may run at once, itself included. 1 when it has no such key.</summary>
    public int ExclusiveLimit { get; init; } = 1;

    /// <summary>The batch that it is of; null when it is of none.</summary>
    public BatchId? BatchId { get; init; }

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The tags that a worker must have to run it, in order.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>The worker that holds it or ran it last; null while it is in its line.</summary>
    public WorkerId? Worker { get; init; }

    /// <summary>Its payload, UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Its result, UTF-8 JSON; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>Why its last attempt failed; null once it has succeeded or has been retried by hand.</summary>
    public JobError? LastError { get; init; }

    /// <summary>Why it was cancelled, or is to be; null when nobody asked for it.</summary>
    public string? CancelReason { get; init; }

    /// <summary>The W3C trace context in which it was enqueued (<c>traceparent</c>); null when there was none.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Whether it is next claimed with no other job beside it, because it may have killed its worker.</summary>
    public bool Alone { get; init; }
}
