namespace Steadwork;

/// <summary>In which order a worker takes what may run.</summary>
public sealed record ClaimRule
{
    /// <summary>By priority, all queues together.</summary>
    public static ClaimRule Default { get; } = new();

    /// <summary>The order within what a queue has. Default <see cref="ClaimOrder.Priority"/>.</summary>
    public ClaimOrder Order { get; init; }

    /// <summary>Within the order by priority, how long a job waits, once it may run, to count as one level better. Default null: never.</summary>
    public TimeSpan? Ageing { get; init; }

    /// <summary>How the queues share the worker. Default <see cref="QueueSharing.Together"/>.</summary>
    public QueueSharing Sharing { get; init; }

    /// <summary>By weight, the weight of each queue, in the order of the claim's queues; else null.</summary>
    public IReadOnlyList<int>? Weights { get; init; }

    /// <summary>Whether it is the order in which stores keep their jobs anyway.</summary>
    public bool IsDefault => this is { Order: ClaimOrder.Priority, Ageing: null, Sharing: QueueSharing.Together };

    /// <summary>
    /// The order in which all workers of some rules take what a queue has, where one can say how many of its jobs come before
    /// another: not where they differ, draw, or let jobs age. By priority where there are none.
    /// </summary>
    internal static ClaimOrder? CommonOrder(IReadOnlyCollection<ClaimRule> rules) =>
        rules.Select(rule => (rule.Order, rule.Ageing)).Distinct().ToList() switch
        {
            [] => ClaimOrder.Priority,
            [(not ClaimOrder.WeightedRandom, null)] and [var (order, _)] => order,
            _ => null,
        };

    /// <summary>The priority that a job counts as, after it has waited.</summary>
    /// <param name="priority">Its own.</param>
    /// <param name="waited">How long ago it could have run.</param>
    public double PriorityAfter(int priority, TimeSpan waited) =>
        Ageing is { } interval && waited > TimeSpan.Zero ? Math.Max(1, priority - Math.Floor(waited / interval)) : priority;

    /// <summary>Puts into order what may run.</summary>
    /// <param name="heads">The first of each lane and priority, as many as are wanted: the oldest, or the newest for <see cref="ClaimOrder.Lifo"/>.</param>
    /// <param name="placeOf">Where one of them stands.</param>
    /// <param name="queues">The queues that are served.</param>
    /// <param name="now">The time.</param>
    /// <param name="chance">Draws from [0, 1).</param>
    internal IReadOnlyList<T> Sort<T>(IEnumerable<T> heads, Func<T, ClaimPlace> placeOf, IReadOnlyList<string> queues, DateTimeOffset now, Func<double> chance)
    {
        var places = heads.Select(head => (Head: head, Place: placeOf(head)));
        IEnumerable<(T Head, ClaimPlace Place)> line = Order switch
        {
            ClaimOrder.Fifo => places.OrderBy(head => head.Place.Id),
            ClaimOrder.Lifo => places.OrderByDescending(head => head.Place.Id),
            ClaimOrder.WeightedRandom => ByArrival(places.OrderBy(head => head.Place.Id), head => head.Place.Priority, priority => 1.0 / priority, chance),
            _ => places.OrderBy(head => PriorityAfter(head.Place.Priority, now - head.Place.RunAt)).ThenBy(head => head.Place.Id),
        };
        var shared = Sharing switch
        {
            QueueSharing.InOrder => line.OrderBy(head => Place(queues, head.Place.Queue)),
            QueueSharing.ByWeight => ByArrival(line, head => head.Place.Queue, queue => Weights?[Place(queues, queue)] ?? 1, chance),
            _ => line,
        };
        return [.. shared.Select(head => head.Head)];
    }

    /// <summary>
    /// As if the members of each group arrived one after the other, in their order and at random, as often as the group's weight
    /// says: whichever groups are left, each next arrival is of one of them with a chance in proportion to its weight (the merging of Poisson processes).
    /// </summary>
    private static IEnumerable<T> ByArrival<T, TGroup>(IEnumerable<T> line, Func<T, TGroup> groupOf, Func<TGroup, double> weightOf, Func<double> chance)
        where TGroup : notnull
    {
        var last = new Dictionary<TGroup, double>();
        var arrivals = line.Select(member =>
        {
            var group = groupOf(member);
            var at = last[group] = last.GetValueOrDefault(group) - Math.Log(1 - chance()) / weightOf(group);
            return (Member: member, At: at);
        }).ToList();
        return arrivals.OrderBy(arrival => arrival.At).Select(arrival => arrival.Member);
    }

    private static int Place(IReadOnlyList<string> queues, string queue) => queues.Index().First(other => other.Item == queue).Index;
}

/// <summary>What decides when a job is claimed.</summary>
internal readonly record struct ClaimPlace(string Queue, int Priority, long Id, DateTimeOffset RunAt);
