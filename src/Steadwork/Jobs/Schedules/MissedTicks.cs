namespace Steadwork;

/// <summary>What becomes of the ticks that nobody was there to see.</summary>
public enum MissedTicks
{
    /// <summary>One job for all of them, that of the latest; none when a tick that is in time has one anyway. The default: work that was due is done, once.</summary>
    RunOnce,

    /// <summary>A job for each.</summary>
    RunAll,

    /// <summary>None; the schedule goes on with its next tick.</summary>
    Skip,
}
