using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>The counts of a store, added up.</summary>
internal static class Sums
{
    /// <summary>All counts together.</summary>
    public static StateCounts Total(StoreStatistics statistics) => Sum(statistics.Lanes);

    /// <summary>The counts of each queue, by name.</summary>
    public static IEnumerable<(string Name, StateCounts Counts)> Queues(StoreStatistics statistics) => By(statistics, lane => lane.Queue);

    /// <summary>The counts of each type, by name.</summary>
    public static IEnumerable<(string Name, StateCounts Counts)> Types(StoreStatistics statistics) => By(statistics, lane => lane.Type);

    private static IEnumerable<(string Name, StateCounts Counts)> By(StoreStatistics statistics, Func<LaneCounts, string> name) =>
        statistics.Lanes.GroupBy(name).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, Sum(group)));

    private static StateCounts Sum(IEnumerable<LaneCounts> lanes) => lanes.Aggregate(default(StateCounts), (sum, lane) => sum + lane.Counts);
}
