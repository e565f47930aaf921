namespace Steadwork.Storage;

/// <summary>What lets only so many jobs of its lanes through a claim.</summary>
/// <param name="Kind">What it is of: a queue, a type or a breaker.</param>
/// <param name="Name">The name of that.</param>
/// <param name="Left">How many at this time.</param>
internal sealed record Gate(GateKind Kind, string Name, int Left);

internal enum GateKind
{
    Queue,
    Type,
    Breaker,
}

/// <summary>The gates of one claim.</summary>
/// <param name="all">All that there are.</param>
/// <param name="breakersOf">The breakers that a job type depends on.</param>
internal sealed class ClaimGates(IEnumerable<Gate> all, Func<string, IEnumerable<string>> breakersOf)
{
    private readonly Dictionary<(GateKind, string), Gate> gates = all.ToDictionary(gate => (gate.Kind, gate.Name));
    private readonly Dictionary<(string, string), IReadOnlyList<Gate>> known = [];

    /// <summary>Those that the jobs of a lane have to pass.</summary>
    public IReadOnlyList<Gate> Of(string queue, string type)
    {
        if (gates.Count == 0)
            return [];
        if (!known.TryGetValue((queue, type), out var some))
        {
            var places = breakersOf(type).Select(breaker => (GateKind.Breaker, breaker)).Append((GateKind.Queue, queue)).Append((GateKind.Type, type));
            known[(queue, type)] = some = [.. places.Select(place => gates.GetValueOrDefault(place)).OfType<Gate>()];
        }
        return some;
    }

    /// <summary>How many jobs of a lane they let through at the most, of so many.</summary>
    public int Most(string queue, string type, int wanted) => Of(queue, type).Aggregate(wanted, (most, gate) => Math.Min(most, gate.Left));

    /// <summary>
    /// The jobs that all gates of their lane let through. One that another gate holds back has had its turn all the same: the
    /// next claim counts anew. The first of the line passes, unless one of its gates lets none through.
    /// </summary>
    /// <param name="line">Jobs in claim order.</param>
    /// <param name="laneOf">The lane of one.</param>
    public IEnumerable<T> Pass<T>(IEnumerable<T> line, Func<T, (string Queue, string Type)> laneOf)
    {
        if (gates.Count == 0)
            return line;
        var turns = new Dictionary<Gate, int>();
        bool Passes(T job)
        {
            var passes = true;
            foreach (var gate in Of(laneOf(job).Queue, laneOf(job).Type))
                passes &= (turns[gate] = turns.GetValueOrDefault(gate) + 1) <= gate.Left;
            return passes;
        }
        return line.Where(Passes);
    }

    /// <summary>How many of some jobs each gate has let through.</summary>
    public IEnumerable<(Gate Gate, int Count)> Count(IEnumerable<(string Queue, string Type)> claimed) =>
        gates.Count == 0 ? [] : claimed.SelectMany(lane => Of(lane.Queue, lane.Type)).GroupBy(gate => gate).Select(group => (group.Key, group.Count()));

    /// <summary>Whether the jobs of a lane are let through to see how they fare.</summary>
    public bool AreProbes(string queue, string type) => Of(queue, type).Any(gate => gate.Kind is GateKind.Breaker);
}
