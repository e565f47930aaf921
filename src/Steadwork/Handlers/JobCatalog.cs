namespace Steadwork;

/// <summary>The kinds of job that a program knows, by name and by payload.</summary>
public sealed class JobCatalog
{
    private readonly Dictionary<string, JobType> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, JobType> byPayload = [];

    /// <summary>The names of the types that this program can run.</summary>
    public IReadOnlyList<string> Runnable => [.. byName.Values.Where(type => type.Invoke is not null).Select(type => type.Name)];

    /// <summary>Adds a type.</summary>
    /// <exception cref="ArgumentException">The name or the payload is taken: a registration never replaces another silently.</exception>
    public void Add(JobType type)
    {
        if (NewJobRules.NameRefusal("job type", type.Name) is { } refusal)
            throw new ArgumentException(refusal);
        if (!byName.TryAdd(type.Name, type))
            throw new ArgumentException($"The job type '{type.Name}' is registered twice; each type has one handler.");
        if (type.Payload is { } payload && !byPayload.TryAdd(payload, type))
            throw new ArgumentException($"The payload {payload.FullName} is registered for '{byPayload[payload].Name}' and for '{type.Name}'; each payload belongs to one job type.");
    }

    /// <summary>The type of that name; null when this program does not know it.</summary>
    public JobType? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The type of jobs with that payload.</summary>
    /// <exception cref="InvalidOperationException">None is registered.</exception>
    public JobType Of(Type payload) => byPayload.GetValueOrDefault(payload)
        ?? throw new InvalidOperationException($"No job type is registered for the payload {payload.FullName}; register it with AddHandler<{payload.Name}, …>(name) or AddJobType<{payload.Name}>(name).");
}
