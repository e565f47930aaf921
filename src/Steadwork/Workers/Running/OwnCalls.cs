using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>
/// The calls of breakers' dependencies that this worker has made since the store last answered. A dependency that is down refuses
/// at once: a worker could run through all that it has claimed ahead before it hears that the breaker has opened.
/// </summary>
internal sealed class OwnCalls(JobCatalog catalog)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, CallCounts> counts = new(StringComparer.Ordinal);

    public void Made(IReadOnlyList<DependencyCall>? calls)
    {
        if (calls is null)
            return;
        lock (gate)
        {
            foreach (var call in calls)
                counts[call.Breaker] = counts.GetValueOrDefault(call.Breaker) + new CallCounts(1, call.Failed ? 1 : 0);
        }
    }

    /// <summary>Whether these alone would open the breaker.</summary>
    public bool WouldOpen(string breaker)
    {
        CallCounts own;
        lock (gate)
            own = counts.GetValueOrDefault(breaker);
        return new Circuit(BreakerState.Closed, default).AfterCalls(catalog.BreakerOf(breaker), own, own, default, default).State is BreakerState.Open;
    }

    /// <summary>The store has answered, and knows better.</summary>
    public void Forget()
    {
        lock (gate)
            counts.Clear();
    }
}
