namespace Steadwork.Workers;

/// <summary>How a worker works. Bindable from configuration; <see cref="Validate"/> refuses nonsense at start-up.</summary>
public sealed class WorkerOptions
{
    /// <summary>Its name for people. Default: machine and process id.</summary>
    public string Name { get; set; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>The queues that it serves. Default: <c>default</c>.</summary>
    public IList<string> QueueNames { get; set; } = [];

    /// <summary>What jobs can require of it, such as <c>gpu</c> or <c>region:eu</c>: it is given no job that requires a tag which it does not have. Default none.</summary>
    public IList<string> Tags { get; set; } = [];

    /// <summary>How it picks among the jobs that may run. Default <see cref="ClaimOrder.Priority"/>.</summary>
    public ClaimOrder ClaimOrder { get; set; }

    /// <summary>
    /// By priority, how long a job waits, once it may run, to count as one level better, so that nothing starves. Default null: never;
    /// at least 1 ms.
    /// </summary>
    public TimeSpan? Ageing { get; set; }

    /// <summary>How its queues share it. Default <see cref="QueueSharing.Together"/>.</summary>
    public QueueSharing QueueSharing { get; set; }

    /// <summary>With <see cref="QueueSharing.ByWeight"/>, the weights of queues, 1 to 1000; 1 for those that are not named.</summary>
    public IDictionary<string, int> QueueWeights { get; set; } = new Dictionary<string, int>();

    /// <summary>How many jobs run at once. Default 10; 1 to 10,000.</summary>
    public int Concurrency { get; set; } = 10;

    /// <summary>How long it may be silent before its jobs are given to others. Default 30 s; at least 1 s. It renews three times as often.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it waits for a wake-up before it looks for itself. Default 1 s; at least 10 ms.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it looks for dead workers. Default 250 ms; at least 10 ms.</summary>
    public TimeSpan RecoveryInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How much work, in time, it claims ahead. Default 50 ms; zero claims nothing ahead. Jobs that take longer than this are never claimed ahead.</summary>
    public TimeSpan Prefetch { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How many jobs it claims ahead at the most. Default 2,000.</summary>
    public int MaxPrefetch { get; set; } = 2000;

    /// <summary>How long running jobs may go on after the worker was told to stop. Default 30 s; what still runs then is told to stop and given back.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a handler may ignore its cancellation before its slot is taken from it. Default 30 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Serves these queues instead of the default one.</summary>
    public void Queues(params IEnumerable<string> names) => QueueNames = [.. names];

    /// <summary>Serves these queues, each with what those before it have no use for.</summary>
    public void QueuesInOrder(params IEnumerable<string> names)
    {
        Queues(names);
        QueueSharing = QueueSharing.InOrder;
    }

    /// <summary>Serves these queues by their weights: of 3 and 1, the first gets three of four picks while both have jobs that may run.</summary>
    public void QueuesByWeight(params IEnumerable<(string Name, int Weight)> queues)
    {
        QueueWeights = queues.ToDictionary(queue => queue.Name, queue => queue.Weight);
        Queues(QueueWeights.Keys);
        QueueSharing = QueueSharing.ByWeight;
    }

    internal ClaimRule ClaimRule => new()
    {
        Order = ClaimOrder,
        Ageing = Ageing,
        Sharing = QueueSharing,
        Weights = QueueSharing is QueueSharing.ByWeight ? [.. ServedQueues.Select(queue => QueueWeights.TryGetValue(queue, out var weight) ? weight : 1)] : null,
    };

    internal IReadOnlyList<string> OwnTags => [.. Tags.Distinct()];

    internal IReadOnlyList<string> ServedQueues => QueueNames.Count == 0 ? [Defaults.Queue] : [.. QueueNames.Distinct()];

    /// <summary>Checks the whole.</summary>
    /// <exception cref="ArgumentException">A value makes no sense; the message says which and what would.</exception>
    public void Validate()
    {
        foreach (var queue in QueueNames)
        {
            if (NewJobRules.NameRefusal("queue", queue) is { } refusal)
                throw new ArgumentException(refusal);
        }
        if (Tags.Select(Requirement.TagRefusal).FirstOrDefault(refused => refused is not null) is { } tagRefusal)
            throw new ArgumentException(tagRefusal);
        Require(Enum.IsDefined(ClaimOrder), $"There is no claim order {ClaimOrder}.");
        Require(Enum.IsDefined(QueueSharing), $"There is no queue sharing {QueueSharing}.");
        Require(Ageing is null || Ageing >= TimeSpan.FromMilliseconds(1), $"The ageing is {Ageing}; it is at least 1 ms.");
        Require(Ageing is null || ClaimOrder is ClaimOrder.Priority, $"Ageing goes with the claim order by priority alone; it is {ClaimOrder}.");
        Require(QueueWeights.Count == 0 || QueueSharing is QueueSharing.ByWeight, $"Queues have weights; they go with the queue sharing {QueueSharing.ByWeight} alone.");
        foreach (var (queue, weight) in QueueWeights)
        {
            Require(ServedQueues.Contains(queue), $"The queue '{queue}' has a weight and is not served.");
            Require(weight is >= 1 and <= 1000, $"The weight of the queue '{queue}' is {weight}; it goes from 1 to 1000.");
        }
        Require(Concurrency is >= 1 and <= 10_000, $"Concurrency is {Concurrency}; it goes from 1 to 10,000.");
        Require(Lease >= TimeSpan.FromSeconds(1), $"The lease is {Lease}; it is at least 1 s.");
        Require(PollInterval >= TimeSpan.FromMilliseconds(10), $"The poll interval is {PollInterval}; it is at least 10 ms.");
        Require(RecoveryInterval >= TimeSpan.FromMilliseconds(10), $"The recovery interval is {RecoveryInterval}; it is at least 10 ms.");
        Require(Prefetch >= TimeSpan.Zero, "The prefetch time cannot be negative.");
        Require(MaxPrefetch is >= 0 and <= 100_000, $"The prefetch is {MaxPrefetch}; it goes from 0 to 100,000.");
        Require(DrainTime >= TimeSpan.Zero, "The drain time cannot be negative.");
        Require(StopGrace >= TimeSpan.Zero, "The stop grace cannot be negative.");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new ArgumentException(otherwise);
    }
}
