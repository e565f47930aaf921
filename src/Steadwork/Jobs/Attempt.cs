namespace Steadwork;

/// <summary>One run of a job.</summary>
/// <param name="Number">Which start of the job it was, from 1.</param>
/// <param name="Worker">Who ran it.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it ended; null while it runs.</param>
/// <param name="Outcome">One of <see cref="AttemptOutcomes"/>.</param>
/// <param name="Error">Why it did not succeed; null when it did or still runs.</param>
/// <param name="Result">What it left behind although it failed, UTF-8 JSON; empty for nothing, and for a successful one, whose result is the job's.</param>
public sealed record Attempt(int Number, WorkerId Worker, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, string Outcome, JobError? Error, ReadOnlyMemory<byte> Result = default);

/// <summary>The words for how an attempt ended.</summary>
public static class AttemptOutcomes
{
    /// <summary>How many attempts of a job are kept, the last ones: one that is snoozed again and again has no end of them.</summary>
    internal const int Kept = 1000;

    /// <summary>It has not ended.</summary>
    public const string Running = "running";

    /// <summary>It ended well.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>It failed and counts.</summary>
    public const string Failed = "failed";

    /// <summary>Its worker died.</summary>
    public const string Crashed = "crashed";

    /// <summary>It was cancelled.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Its handler asked to be run later.</summary>
    public const string Snoozed = "snoozed";

    /// <summary>Its worker stopped in good order and gave it back.</summary>
    public const string Released = "released";

    /// <summary>The outcome that a transition leaves in the history of attempts; null for an attempt that never began.</summary>
    public static string? Of(Transition transition) => transition switch
    {
        Transition.Succeed => Succeeded,
        Transition.Retry { Error.Type: CrashType } or Transition.Fail { Error.Type: CrashType } => Crashed,
        Transition.Retry or Transition.Fail => Failed,
        Transition.Cancel { Started: false } or Transition.Release { Started: false } or Transition.Snooze { Started: false } => null,
        Transition.Snooze => Snoozed,
        Transition.Cancel => Cancelled,
        Transition.Release { Error: not null } => Crashed,
        _ => Released,
    };

    /// <summary>The <see cref="JobError.Type"/> of an attempt whose worker died.</summary>
    public const string CrashType = "crash";
}
