namespace Steadwork;

/// <summary>Why a handler's token was cancelled.</summary>
public enum StopReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The attempt took longer than the job's timeout.</summary>
    TimedOut,

    /// <summary>Somebody cancelled the job.</summary>
    Cancelled,

    /// <summary>The worker was silent for too long: another may be running the job by now, and what this attempt yields is refused.</summary>
    LeaseLost,

    /// <summary>The worker is shutting down; the job is given back without costing an attempt.</summary>
    ShuttingDown,
}
