namespace Steadwork;

/// <summary>How long jobs are kept that have ended, and the log. Of several rules that fit a job the first one counts; one that none fits is kept.</summary>
/// <param name="Rules">The rules for jobs, the most particular first.</param>
/// <param name="Log">How long the log keeps an entry; <see cref="Timeout.InfiniteTimeSpan"/> keeps all.</param>
public sealed record RetentionRules(IReadOnlyList<RetentionRule> Rules, TimeSpan Log)
{
    /// <summary>What counts where nobody has set anything: what succeeded or was cancelled is kept for 7 days, what failed and the log for 30.</summary>
    public static RetentionRules Default { get; } = new(
        [
            new(TimeSpan.FromDays(7)) { State = JobState.Succeeded },
            new(TimeSpan.FromDays(7)) { State = JobState.Cancelled },
            new(TimeSpan.FromDays(30)) { State = JobState.Failed },
        ],
        TimeSpan.FromDays(30));

    /// <summary>The shortest time for which a rule keeps anything; null when everything is kept.</summary>
    internal TimeSpan? Shortest => Rules.Where(rule => !rule.KeepsForEver).Select(rule => (TimeSpan?)rule.Keep).Min();

    /// <summary>How long a job is kept after it has ended; null when for ever.</summary>
    /// <param name="queue">Its queue.</param>
    /// <param name="type">Its type.</param>
    /// <param name="state">How it has ended.</param>
    /// <param name="isDefined">Whether its queue has a definition, as that of a run has: what is kept there says what need not be done again, so that only rules that name the queue count.</param>
    internal TimeSpan? Keep(string queue, string type, JobState state, bool isDefined) =>
        Rules.FirstOrDefault(rule => (rule.Queue is null ? !isDefined : rule.Queue == queue) && (rule.Type ?? type) == type && (rule.State ?? state) == state) is { KeepsForEver: false } first
            ? first.Keep
            : null;
}

/// <summary>How long jobs of one kind are kept after they have ended.</summary>
/// <param name="Keep">How long; <see cref="Timeout.InfiniteTimeSpan"/> keeps them for ever.</param>
public sealed record RetentionRule(TimeSpan Keep)
{
    /// <summary>Only those of this queue. Default null: of any that has no definition.</summary>
    public string? Queue { get; init; }

    /// <summary>Only those of this type. Default null: of any.</summary>
    public string? Type { get; init; }

    /// <summary>Only those that have ended in this way. Default null: in any.</summary>
    public JobState? State { get; init; }

    internal bool KeepsForEver => Keep == Timeout.InfiniteTimeSpan;
}
