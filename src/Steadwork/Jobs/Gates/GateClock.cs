namespace Steadwork;

/// <summary>What gates remember bears times of the wall clock, which can be set back.</summary>
internal static class GateClock
{
    /// <summary>Of two that look at the clock, the one that is written down later may have looked earlier, by no more than this. What lies further ahead than it could comes of another clock.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);
}
