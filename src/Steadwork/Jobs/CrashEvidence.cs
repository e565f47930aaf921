namespace Steadwork;

/// <summary>What is known of a claimed job when its worker has died.</summary>
public enum CrashEvidence
{
    /// <summary>Its handler had surely not begun.</summary>
    NotStarted,

    /// <summary>Its handler had ended, but the end was not stored.</summary>
    Ended,

    /// <summary>Its handler was running, and no other was: if a job killed the worker, it was this one.</summary>
    RanAlone,

    /// <summary>Its handler was, or may have been, running beside others.</summary>
    RanAmongOthers,
}
