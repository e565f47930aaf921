namespace Steadwork.Storage;

/// <summary>What lets none of some jobs through at this time: pauses, limits that are used up, breakers.</summary>
/// <param name="pauses">The pauses.</param>
/// <param name="limits">The limits as they stand.</param>
/// <param name="breakers">The breakers as they stand.</param>
/// <param name="now">The time.</param>
internal sealed class Barriers(IEnumerable<Pause> pauses, IEnumerable<LimitView> limits, IEnumerable<BreakerView> breakers, DateTimeOffset now)
{
    private readonly List<Pause> pauses = [.. pauses];
    private readonly List<LimitView> limits = [.. limits.Where(view => view.Left == 0)];
    private readonly List<BreakerView> breakers = [.. breakers.Where(breaker => breaker.Circuit.Left(breaker.Definition, now) == 0)];

    /// <summary>Whether something holds up the jobs of a queue and type that does not hold up those of another.</summary>
    public bool HoldUp(string queue, string type, Job other) => Before(queue, type).Except(Before(other.Queue, other.Type)).Any();

    private IEnumerable<object> Before(string queue, string type) =>
    [
        .. pauses.Where(pause => pause.Name == pause.Scope switch { PauseScope.Queue => queue, PauseScope.Type => type, _ => null }),
        .. limits.Where(view => view.Limit.Name == view.Limit.Scope switch { LimitScope.Queue => queue, LimitScope.Type => type, _ => null }),
        .. breakers.Where(breaker => breaker.Types.Contains(type)),
    ];
}
