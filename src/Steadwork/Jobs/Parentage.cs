namespace Steadwork;

/// <summary>What the end of a job means for those that come after it.</summary>
internal static class Parentage
{
    /// <summary>Whether a job need wait for this one no more.</summary>
    /// <param name="end">How it ended; null when it was deleted.</param>
    /// <param name="runsAnyway">Whether any end is good enough for the other.</param>
    public static bool IsDone(JobState? end, bool runsAnyway) => runsAnyway || end is JobState.Succeeded;

    /// <summary>Why a job is cancelled after this one.</summary>
    public static string Reason(JobId parent, JobState? end) => $"Job {parent}, which it was to follow, {end switch
    {
        JobState.Failed => "has failed",
        JobState.Cancelled => "was cancelled",
        _ => "was deleted",
    }}.";
}
