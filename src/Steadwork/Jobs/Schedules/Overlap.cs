namespace Steadwork;

/// <summary>What becomes of a tick while the job of an earlier one has not ended.</summary>
public enum Overlap
{
    /// <summary>Its job is enqueued all the same. The default: what cron does.</summary>
    StartAnyway,

    /// <summary>It has none.</summary>
    Skip,

    /// <summary>Its job is enqueued and waits until that one has ended; none passes another.</summary>
    Wait,
}
