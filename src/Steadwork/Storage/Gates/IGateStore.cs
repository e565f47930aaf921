namespace Steadwork.Storage;

/// <summary>What holds jobs back without holding a worker up: rate limits and circuit breakers, shared by all workers. What is changed here holds for the next claim of each of them.</summary>
public interface IGateStore
{
    /// <summary>Sets a rate limit, in the place of one for the same. What has begun before counts for the new one as well.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="by">Who sets it, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is set like that already: nothing changed.</returns>
    Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken);

    /// <summary>Takes a rate limit away.</summary>
    /// <param name="scope">What it is set for.</param>
    /// <param name="name">Its name.</param>
    /// <param name="by">Who takes it away, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when there is none.</returns>
    Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken);

    /// <summary>The rate limits, in the order of scope and name.</summary>
    Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken);

    /// <summary>What counts for one of the limits for keys now, for one key.</summary>
    /// <returns>Null when there is no limit for that key.</returns>
    Task<LimitView?> LimitOfKeyAsync(string key, CancellationToken cancellationToken);

    /// <summary>The breakers, by name. One is known from when a worker has started that has a handler which depends on it.</summary>
    Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken);

    /// <summary>Opens a breaker until it is closed by hand, or closes it.</summary>
    /// <param name="name">The breaker.</param>
    /// <param name="open">Whether to open it.</param>
    /// <param name="by">Who does, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when there is no such breaker.</returns>
    Task<Circuit?> SwitchBreakerAsync(string name, bool open, string by, CancellationToken cancellationToken);
}

/// <summary>A rate limit as it stands.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Since">When it was set.</param>
/// <param name="By">Who has set it.</param>
/// <param name="Left">How many more may begin now; null for one of many keys, each of which has its own.</param>
/// <param name="MoreAt">When the next one comes back; null when none is used.</param>
public sealed record LimitView(RateLimit Limit, DateTimeOffset Since, string By, int? Left, DateTimeOffset? MoreAt);

/// <summary>A breaker as it stands.</summary>
/// <param name="Definition">How it is set.</param>
/// <param name="Circuit">Whether it lets jobs through.</param>
/// <param name="Window">Closed, the calls of the window.</param>
/// <param name="Types">The job types that depend on it, by name.</param>
public sealed record BreakerView(BreakerDefinition Definition, Circuit Circuit, CallCounts Window, IReadOnlyList<string> Types);

/// <summary>What a job type depends on.</summary>
/// <param name="Type">The job type.</param>
/// <param name="Breakers">The names of the breakers.</param>
public sealed record TypeBreakers(string Type, IReadOnlyList<string> Breakers);

/// <summary>A call of something outside that an attempt has made.</summary>
/// <param name="Breaker">The breaker that stands for it.</param>
/// <param name="Failed">Whether it failed.</param>
/// <param name="IsProbe">Whether the job was let through while the breaker was not closed.</param>
public readonly record struct DependencyCall(string Breaker, bool Failed, bool IsProbe)
{
    /// <summary>Calls added up: all of them, and the probes among them, by breaker.</summary>
    internal static IReadOnlyList<(string Breaker, CallCounts All, CallCounts Probes)> Sum(IEnumerable<DependencyCall> calls) =>
        [.. calls.GroupBy(call => call.Breaker, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, Count(group), Count(group.Where(call => call.IsProbe))))];

    private static CallCounts Count(IEnumerable<DependencyCall> calls) => calls.Aggregate(default(CallCounts), (sum, call) => sum + new CallCounts(1, call.Failed ? 1 : 0));
}
