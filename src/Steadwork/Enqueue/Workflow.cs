namespace Steadwork;

/// <summary>
/// Jobs that are enqueued as one, each with a name and the names of those that it comes after. They are stored all or nothing, in any order of
/// naming: a job may name one that is added later.
/// </summary>
public sealed class Workflow
{
    private readonly List<Step> steps = [];

    private sealed record Step(string Name, Func<JobQueue, NewJob> Make, IReadOnlyList<string> After);

    /// <summary>Adds a job.</summary>
    /// <param name="name">Its name in this workflow; it is not stored.</param>
    /// <param name="payload">What to do; its type is registered with a handler or with <c>AddJobType</c>.</param>
    /// <param name="configure">What this job says for itself.</param>
    /// <param name="after">The names of the jobs that must have succeeded before; with <see cref="EnqueueOptions.RunsAnyway"/> it is enough that they have ended.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public Workflow Add<TJob>(string name, TJob payload, Action<EnqueueOptions>? configure = null, params IEnumerable<string> after)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (steps.Exists(step => step.Name == name))
            throw new ArgumentException($"Two jobs of the workflow are named '{name}'; each needs a name of its own.");
        steps.Add(new Step(name, queue => queue.Make(payload, configure), [.. after.Distinct()]));
        return this;
    }

    /// <inheritdoc cref="Add{TJob}(string, TJob, Action{EnqueueOptions}?, IEnumerable{string})"/>
    public Workflow Add<TJob>(string name, TJob payload, params IEnumerable<string> after) => Add(name, payload, null, after);

    /// <summary>The jobs in an order in which each comes after those that it names.</summary>
    /// <exception cref="ArgumentException">A name is unknown, the jobs go round in a circle, or one is refused.</exception>
    internal (IReadOnlyList<string> Names, IReadOnlyList<NewJob> Jobs) Arrange(JobQueue queue)
    {
        if (steps.Count > Defaults.BulkChunk)
            throw new ArgumentException($"A workflow of {steps.Count:N0} jobs is too large to be stored as one; {Defaults.BulkChunk:N0} is the most.");
        foreach (var step in steps)
        {
            if (step.After.FirstOrDefault(name => !steps.Exists(other => other.Name == name)) is { } unknown)
                throw new ArgumentException($"The job '{step.Name}' of the workflow comes after '{unknown}', which it does not have.");
        }
        var places = new Dictionary<string, int>();
        var jobs = new List<NewJob>(steps.Count);
        foreach (var step in InOrder())
        {
            places.Add(step.Name, jobs.Count);
            jobs.Add(step.Make(queue) with { AfterPlaces = [.. step.After.Select(name => places[name])] });
        }
        if (jobs.Where(job => job.UniqueKey is not null).GroupBy(job => job.UniqueKey).FirstOrDefault(same => same.Count() > 1) is { Key: var key })
            throw new ArgumentException($"Two jobs of the workflow bear the unique key '{key}'; only one of them could be stored.");
        return ([.. places.Keys], jobs);
    }

    private List<Step> InOrder()
    {
        var ordered = new List<Step>(steps.Count);
        var left = new List<Step>(steps);
        var named = new HashSet<string>();
        while (left.Count > 0)
        {
            var free = left.FindAll(step => step.After.All(named.Contains));
            if (free.Count == 0)
                throw new ArgumentException($"The workflow goes round in a circle: {string.Join(" → ", Circle(left))}.");
            ordered.AddRange(free);
            named.UnionWith(free.Select(step => step.Name));
            left.RemoveAll(free.Contains);
        }
        return ordered;
    }

    /// <summary>A circle among jobs of which each comes after another of them, from its first job round to it, each before the one that comes after it.</summary>
    private static List<string> Circle(List<Step> left)
    {
        var path = new List<string> { left[0].Name };
        while (true)
        {
            var step = left.Find(other => other.Name == path[^1])!;
            var before = step.After.First(name => left.Exists(other => other.Name == name));
            var seen = path.IndexOf(before);
            path.Add(before);
            if (seen < 0)
                continue;
            path.RemoveRange(0, seen);
            path.Reverse();
            return path;
        }
    }
}
