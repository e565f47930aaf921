namespace Steadwork.Workers;

/// <summary>
/// How long a store keeps jobs that have ended, and its log: see <see cref="SteadworkBuilder.AddRetention"/>.
/// <see cref="Timeout.InfiniteTimeSpan"/> keeps for ever. Bindable from configuration.
/// </summary>
public sealed class RetentionOptions
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>How long a job is kept after it has succeeded. Default 7 days; at least 1 s.</summary>
    public TimeSpan Succeeded { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a job is kept after it was cancelled. Default 7 days; at least 1 s.</summary>
    public TimeSpan Cancelled { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a job is kept after it has failed. Default 30 days; at least 1 s.</summary>
    public TimeSpan Failed { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long the log keeps an entry. Default null: as long as the jobs that go last, 30 days unless something else is set; for ever
    /// when no job goes. At least 1 s; nobody who follows the log may be further behind than that.
    /// </summary>
    public TimeSpan? Log { get; set; }

    /// <summary>
    /// Other times for the jobs of single queues, by name; they go before those for types. Jobs of a queue with a definition, such as
    /// the items of a <c>steadwork run</c>, are kept for ever unless their queue is named here.
    /// </summary>
    public IDictionary<string, RetentionTimes> Queues { get; set; } = new Dictionary<string, RetentionTimes>();

    /// <summary>Other times for the jobs of single types, by name.</summary>
    public IDictionary<string, RetentionTimes> Types { get; set; } = new Dictionary<string, RetentionTimes>();

    /// <summary>Keeps jobs of a queue for this long after they have ended, in whatever way.</summary>
    public void Queue(string name, TimeSpan keep) => Queues[name] = new RetentionTimes { Succeeded = keep, Cancelled = keep, Failed = keep };

    /// <summary>Keeps jobs of a type for this long after they have ended, in whatever way.</summary>
    public void Type(string name, TimeSpan keep) => Types[name] = new RetentionTimes { Succeeded = keep, Cancelled = keep, Failed = keep };

    /// <summary>The same as rules for a store.</summary>
    public RetentionRules ToRules()
    {
        RetentionRule[] rules =
        [
            .. Queues.SelectMany(queue => queue.Value.ToRules().Select(rule => rule with { Queue = queue.Key })),
            .. Types.SelectMany(type => type.Value.ToRules().Select(rule => rule with { Type = type.Key })),
            .. new RetentionTimes { Succeeded = Succeeded, Cancelled = Cancelled, Failed = Failed }.ToRules(),
        ];
        return new RetentionRules(rules, Log ?? rules.Select(rule => rule.Keep).Max());
    }

    /// <summary>Checks the whole.</summary>
    /// <exception cref="ArgumentException">A value makes no sense; the message says which and what would.</exception>
    public void Validate()
    {
        foreach (var (kind, names) in new[] { ("queue", Queues.Keys), ("job type", Types.Keys) })
        {
            if (names.Select(name => NewJobRules.NameRefusal(kind, name)).FirstOrDefault(refusal => refusal is not null) is { } refusal)
                throw new ArgumentException(refusal);
        }
        foreach (var rule in ToRules().Rules)
            Require(rule.Keep, $"{rule.State!.Value.Name()} jobs{(rule.Queue is { } queue ? $" of the queue '{queue}'" : rule.Type is { } type ? $" of the type '{type}'" : "")} are");
        Require(Log ?? Least, "the log is");
    }

    private static void Require(TimeSpan keep, string what)
    {
        if (keep < Least && keep != Timeout.InfiniteTimeSpan)
            throw new ArgumentException($"By the retention, {what} kept for {keep}; it is at least 1 s, or Timeout.InfiniteTimeSpan for ever.");
    }
}

/// <summary>How long jobs of one kind are kept after they have ended; what is null here is as for all others.</summary>
public sealed class RetentionTimes
{
    /// <summary>After they have succeeded. Default null: as for others; at least 1 s.</summary>
    public TimeSpan? Succeeded { get; set; }

    /// <summary>After they were cancelled. Default null: as for others; at least 1 s.</summary>
    public TimeSpan? Cancelled { get; set; }

    /// <summary>After they have failed. Default null: as for others; at least 1 s.</summary>
    public TimeSpan? Failed { get; set; }

    internal IEnumerable<RetentionRule> ToRules()
    {
        if (Succeeded is { } succeeded)
            yield return new RetentionRule(succeeded) { State = JobState.Succeeded };
        if (Cancelled is { } cancelled)
            yield return new RetentionRule(cancelled) { State = JobState.Cancelled };
        if (Failed is { } failed)
            yield return new RetentionRule(failed) { State = JobState.Failed };
    }
}
