namespace Steadwork.Storage;

/// <summary>The jobs with which another one competes for the live workers that could run it.</summary>
internal sealed class Rivals
{
    private readonly Job job;
    private readonly Barriers barriers;
    private readonly List<WorkerView> able;
    private readonly Dictionary<string, ClaimOrder?> orders;

    /// <param name="job">The other one.</param>
    /// <param name="live">The live workers.</param>
    /// <param name="barriers">What holds jobs up.</param>
    public Rivals(Job job, IEnumerable<WorkerView> live, Barriers barriers)
    {
        this.job = job;
        this.barriers = barriers;
        able = [.. live.Where(worker => worker.CanRun(job))];
        orders = new(StringComparer.Ordinal) { [job.Queue] = ClaimRule.CommonOrder(Rules) };
        foreach (var queue in able.SelectMany(worker => worker.Queues).Distinct().Except([job.Queue]))
        {
            if (able.TrueForAll(worker => IsBefore(worker, queue)))
                orders[queue] = null;
            else if (Order is not null && able.TrueForAll(worker => IsBefore(worker, queue) || IsBeside(worker, queue)))
                orders[queue] = Order;
        }
    }

    /// <summary>The rules by which those workers claim.</summary>
    public IReadOnlyList<ClaimRule> Rules => [.. able.Select(worker => worker.Rule).DistinctBy(rule => (rule.Order, rule.Ageing, rule.Sharing, string.Join(' ', rule.Weights ?? [])))];

    /// <summary>Its queue, and the others of which jobs come before it, whichever of those workers claims.</summary>
    public IReadOnlyCollection<string> Queues => orders.Keys;

    /// <summary>The order in which the jobs of its queue come; null where none can be told, so that each of them may come first.</summary>
    public ClaimOrder? Order => orders[job.Queue];

    /// <summary>The order in which the jobs of one of the queues come; null where each of them comes before it, or may.</summary>
    public ClaimOrder? OrderIn(string queue) => orders[queue];

    /// <summary>
    /// Whether jobs of one of the queues that are of a type and require something are among them: in its own queue where one of those workers, in
    /// another where each could run them as well. Where no worker could run it, all are. What is held up by something that does not hold up the job itself is not.
    /// </summary>
    public bool Include(string queue, string type, IReadOnlyList<string> requires)
    {
        bool Could(WorkerView worker) => worker.Types.Contains(type) && Requirement.IsMet(requires, worker.Tags);
        return (queue != job.Queue ? able.TrueForAll(Could) : able.Count == 0 || able.Exists(Could)) && !barriers.HoldUp(queue, type, job);
    }

    /// <summary>Of those of one queue and priority, the ids between which are the ones that come before it; it is not one of them.</summary>
    public (long After, long Before) Ahead(string queue, int priority) => OrderIn(queue) switch
    {
        ClaimOrder.Priority when priority > job.Priority => (0, 0),
        ClaimOrder.Priority when priority < job.Priority => (0, long.MaxValue),
        ClaimOrder.Priority or ClaimOrder.Fifo => (0, job.Id.Value),
        ClaimOrder.Lifo => (job.Id.Value, long.MaxValue),
        _ => (0, long.MaxValue),
    };

    private bool IsBefore(WorkerView worker, string queue) =>
        worker.Rule.Sharing is QueueSharing.InOrder && worker.Queues.TakeWhile(served => served != job.Queue).Contains(queue);

    private static bool IsBeside(WorkerView worker, string queue) => worker.Rule.Sharing is QueueSharing.Together && worker.Queues.Contains(queue);
}
