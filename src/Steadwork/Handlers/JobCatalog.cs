using Steadwork.Storage;

namespace Steadwork;

/// <summary>The kinds of job that a program knows, by name and by payload.</summary>
public sealed class JobCatalog
{
    private readonly Dictionary<string, JobType> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, JobType> byPayload = [];
    private readonly Dictionary<string, BreakerDefinition> breakers = new(StringComparer.Ordinal);

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

    /// <summary>Says how a breaker is set. One that types depend on without that has the defaults.</summary>
    /// <exception cref="ArgumentException">It is set already, or out of range.</exception>
    public void Add(BreakerDefinition breaker)
    {
        if (breaker.Refusal() is { } refusal)
            throw new ArgumentException(refusal);
        if (!breakers.TryAdd(breaker.Name, breaker))
            throw new ArgumentException($"The breaker '{breaker.Name}' is set twice.");
    }

    /// <summary>The breakers that types depend on which this program can run.</summary>
    internal IReadOnlyList<BreakerDefinition> Breakers => [.. Types.Where(type => type.Invoke is not null).SelectMany(type => type.Options.DependsOn).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(BreakerOf)];

    /// <summary>
    /// Which types depend on them, former names included: also those that depend on none, for they may have once. Of a type
    /// without a payload of its own, as those of programs are, nothing is known.
    /// </summary>
    internal IReadOnlyList<TypeBreakers> TypeBreakers =>
        [.. byName.Where(named => named.Value is { Invoke: not null } type && (type.Payload is not null || type.Options.DependsOn.Count > 0)).Select(named => new TypeBreakers(named.Key, [.. named.Value.Options.DependsOn.Distinct(StringComparer.Ordinal)]))];

    internal BreakerDefinition BreakerOf(string name) => breakers.GetValueOrDefault(name) ?? new BreakerDefinition(name);

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
        if (type.Options.DependsOn.Select(breaker => NewJobRules.NameRefusal("breaker", breaker)).FirstOrDefault(refusal => refusal is not null) is { } wrong)
            return wrong;
        return Requirement.Refusal([.. type.Options.Requires]) ?? type.Options.Upcasters.Refusal(type.Name, type.Options.Version, isRun: type.Invoke is not null);
    }

    private static string Twice(string name, JobType type, JobType other) =>
        name == type.Name && name == other.Name && type != other
            ? $"The job type '{name}' is registered twice; each type has one handler."
            : $"The name '{name}' is taken twice, by the job type '{other.Name}' and by '{type.Name}' as name or alias; each name leads to one handler.";
}
