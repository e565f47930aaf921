namespace Steadwork;

/// <summary>How a worker picks among the jobs that may run.</summary>
public enum ClaimOrder
{
    /// <summary>The lowest number of priority first; of the same priority the oldest.</summary>
    Priority,

    /// <summary>The oldest first, whatever their priority.</summary>
    Fifo,

    /// <summary>The newest first, whatever their priority.</summary>
    Lifo,

    /// <summary>Each pick draws a priority, with the weight 1/priority, among those that there are, and takes its oldest job: 1 wins against 100 in 100 of 101 draws.</summary>
    WeightedRandom,
}

/// <summary>The claim orders by name.</summary>
internal static class ClaimOrders
{
    public static IReadOnlyList<(string Name, ClaimOrder Value)> All { get; } =
        [("fifo", ClaimOrder.Fifo), ("lifo", ClaimOrder.Lifo), ("priority", ClaimOrder.Priority), ("weighted-random", ClaimOrder.WeightedRandom)];

    public static string Name(this ClaimOrder order) => All.First(known => known.Value == order).Name;
}

/// <summary>How the queues of one worker share it.</summary>
public enum QueueSharing
{
    /// <summary>As if they were one queue.</summary>
    Together,

    /// <summary>In the order in which they are named: a queue gets what those before it have no use for.</summary>
    InOrder,

    /// <summary>Each pick draws a queue by its weight, among those that have jobs which may run: none starves.</summary>
    ByWeight,
}
