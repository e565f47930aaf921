namespace Steadwork;

/// <summary>What the time has brought to a schedule.</summary>
/// <param name="Run">The ticks for which a job is to run now, the earliest first.</param>
/// <param name="Next">The tick that is next, to be stored; it has come already when there were more than are run at once. Null when the schedule has ended.</param>
public sealed record DueTicks(IReadOnlyList<DateTimeOffset> Run, DateTimeOffset? Next);
