namespace Steadwork.Storage;

/// <summary>The jobs with which another one competes for the live workers that could run it.</summary>
internal sealed class Rivals
{
    private readonly List<WorkerView> able;

    /// <param name="job">The other one.</param>
    /// <param name="live">The live workers.</param>
    public Rivals(Job job, IEnumerable<WorkerView> live)
    {
        able = [.. live.Where(worker => worker.CanRun(job))];
        Order = ClaimRule.CommonOrder(Rules);
    }

    /// <summary>The rules by which those workers claim.</summary>
    public IReadOnlyList<ClaimRule> Rules => [.. able.Select(worker => worker.Rule).DistinctBy(rule => (rule.Order, rule.Ageing, rule.Sharing, string.Join(' ', rule.Weights ?? [])))];

    /// <summary>The order in which they come; null where none can be told, so that each of them may come first.</summary>
    public ClaimOrder? Order { get; }

    /// <summary>Whether jobs of its queue that are of a type and require something are among them. Where no worker could run it, all are.</summary>
    public bool Include(string type, IReadOnlyList<string> requires) => able.Count == 0 || able.Exists(worker => worker.Types.Contains(type) && Requirement.IsMet(requires, worker.Tags));

    /// <summary>Of those of one priority, the ids between which are the ones that come before it; it is not one of them.</summary>
    public (long After, long Before) Ahead(Job job, int priority) => Order switch
    {
        ClaimOrder.Priority when priority > job.Priority => (0, 0),
        ClaimOrder.Priority when priority < job.Priority => (0, long.MaxValue),
        ClaimOrder.Priority or ClaimOrder.Fifo => (0, job.Id.Value),
        ClaimOrder.Lifo => (job.Id.Value, long.MaxValue),
        _ => (0, long.MaxValue),
    };
}
