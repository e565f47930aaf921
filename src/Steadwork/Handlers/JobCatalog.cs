namespace Steadwork;

/// <summary>The kinds of job that a program knows, by name and by payload.</summary>
public sealed class JobCatalog
{
    private readonly Dictionary<string, JobType> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, JobType> byPayload = [];

    /// <summary>The names of the types that this program can run, former ones included.</summary>
    public IReadOnlyList<string> Runnable => [.. byName.Where(named => named.Value.Invoke is not null).Select(named => named.Key)];

    /// <summary>The types.</summary>
    internal IEnumerable<JobType> Types => byName.Values.Distinct();

    /// <summary>Adds a type.</summary>
    /// <exception cref="ArgumentException">A name, a former one or the payload is taken: a registration never replaces another silently. Or an upcaster is missing.</exception>
    public void Add(JobType type)
    {
        if (Refusal(type) is { } refusal)
            throw new ArgumentException(refusal);
        foreach (var name in type.Names)
            byName.Add(name, type);
        if (type.Payload is { } payload)
            byPayload.Add(payload, type);
    }

    /// <summary>The type that bears that name or once bore it; null when this program does not know it.</summary>
    public JobType? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The type of jobs with that payload.</summary>
    /// <exception cref="InvalidOperationException">None is registered.</exception>
    public JobType Of(Type payload) => byPayload.GetValueOrDefault(payload)
        ?? throw new InvalidOperationException($"No job type is registered for the payload {payload.FullName}; register it with AddHandler<{payload.Name}, …>(name) or AddJobType<{payload.Name}>(name).");

    private string? Refusal(JobType type)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in type.Names)
        {
            if (NewJobRules.NameRefusal("job type", name) is { } refusal)
                return refusal;
            if (byName.TryGetValue(name, out var other) || !taken.Add(name))
                return Twice(name, type, other ?? type);
        }
        if (type.Payload is { } payload && byPayload.TryGetValue(payload, out var bearer))
            return $"The payload {payload.FullName} is registered for '{bearer.Name}' and for '{type.Name}'; each payload belongs to one job type.";
        return Requirement.Refusal([.. type.Options.Requires]) ?? type.Options.Upcasters.Refusal(type.Name, type.Options.Version, isRun: type.Invoke is not null);
    }

    private static string Twice(string name, JobType type, JobType other) =>
        name == type.Name && name == other.Name && type != other
            ? $"The job type '{name}' is registered twice; each type has one handler."
            : $"The name '{name}' is taken twice, by the job type '{other.Name}' and by '{type.Name}' as name or alias; each name leads to one handler.";
}
