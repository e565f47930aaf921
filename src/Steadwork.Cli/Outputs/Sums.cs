using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>The counts of a store, added up.</summary>
internal static class Sums
{
    /// <summary>All counts together.</summary>
    public static StateCounts Total(StoreStatistics statistics) => Sum(statistics.Lanes);

    /// <summary>The counts of each queue, by name; of a paused one also when it never had a job.</summary>
    public static IEnumerable<(string Name, StateCounts Counts)> Queues(StoreStatistics statistics) => By(statistics, lane => lane.Queue, PauseScope.Queue);

    /// <summary>The same of each type.</summary>
    public static IEnumerable<(string Name, StateCounts Counts)> Types(StoreStatistics statistics) => By(statistics, lane => lane.Type, PauseScope.Type);

    private static IEnumerable<(string Name, StateCounts Counts)> By(StoreStatistics statistics, Func<LaneCounts, string> name, PauseScope scope)
    {
        var lanes = statistics.Lanes.ToLookup(name);
        return lanes.Select(group => group.Key).Concat(statistics.Pauses.Where(pause => pause.Scope == scope).Select(pause => pause.Name)).Distinct()
            .Order(StringComparer.Ordinal).Select(each => (each, Sum(lanes[each])));
    }

    private static StateCounts Sum(IEnumerable<LaneCounts> lanes) => lanes.Aggregate(default(StateCounts), (sum, lane) => sum + lane.Counts);
}
