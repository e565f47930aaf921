namespace Steadwork;

/// <summary>When a batch has ended, and what that means for the job that follows it.</summary>
internal static class BatchEnd
{
    /// <summary>Whether it has come.</summary>
    /// <param name="isOpen">Whether the batch takes more jobs still.</param>
    /// <param name="unfinished">How many of its jobs have not ended.</param>
    public static bool HasCome(bool isOpen, long unfinished) => !isOpen && unfinished == 0;

    /// <summary>How a batch has ended, as if it were one job.</summary>
    /// <param name="unsuccessful">How many of its jobs failed, were cancelled, or were deleted before they had succeeded.</param>
    public static JobState Of(long unsuccessful) => unsuccessful == 0 ? JobState.Succeeded : JobState.Failed;

    /// <summary>Why a job is cancelled that was to follow.</summary>
    public static string Reason(BatchId batch, long jobs, long succeeded) => $"Batch {batch}, which it was to follow, has ended: of {jobs} jobs {succeeded} succeeded.";
}
