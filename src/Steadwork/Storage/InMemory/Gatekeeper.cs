namespace Steadwork.Storage.InMemory;

/// <summary>The rate limits, with what counts for them, and the breakers.</summary>
internal sealed class Gatekeeper
{
    private readonly SortedDictionary<(LimitScope Scope, string Name), (RateLimit Limit, DateTimeOffset Since, string By)> limits = new(ByOrdinal);
    private readonly Dictionary<(LimitScope Scope, string Name), SortedDictionary<DateTimeOffset, int>> uses = [];
    private readonly Dictionary<string, DateTimeOffset> heldKeys = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Breaker> breakers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, IReadOnlyList<string>> typeBreakers = new(StringComparer.Ordinal);

    private static Comparer<(LimitScope Scope, string Name)> ByOrdinal { get; } = Comparer<(LimitScope Scope, string Name)>.Create((a, b) =>
        string.CompareOrdinal(a.Scope.Name(), b.Scope.Name()) is not 0 and var order ? order : string.CompareOrdinal(a.Name, b.Name));

    private sealed class Breaker(BreakerDefinition definition, DateTimeOffset now)
    {
        public BreakerDefinition Definition { get; set; } = definition;

        public Circuit Circuit { get; set; } = new(BreakerState.Closed, now);

        /// <summary>The calls that each worker has made; a segment takes the place of the one that has left the window.</summary>
        public Dictionary<(WorkerId Worker, long Place), (long Segment, CallCounts Calls)> Segments { get; } = [];

        public CallCounts Window(DateTimeOffset now)
        {
            var last = Definition.SegmentAt(now);
            return Segments.Values.Where(each => each.Segment > last - BreakerDefinition.Segments && each.Segment <= last).Aggregate(default(CallCounts), (sum, each) => sum + each.Calls);
        }

        public void Count(WorkerId worker, CallCounts calls, DateTimeOffset now)
        {
            var segment = Definition.SegmentAt(now);
            var place = (worker, segment % BreakerDefinition.Segments);
            Segments[place] = Segments.TryGetValue(place, out var before) && before.Segment == segment ? (segment, before.Calls + calls) : (segment, calls);
        }
    }

    /// <summary>The breakers that are not closed.</summary>
    public IReadOnlyList<string> Shut => [.. breakers.Where(breaker => breaker.Value.Circuit.State is not BreakerState.Closed).Select(breaker => breaker.Key)];

    public bool Set(RateLimit limit, string by, DateTimeOffset now)
    {
        if (limits.TryGetValue((limit.Scope, limit.Name), out var known) && known.Limit == limit)
            return false;
        limits[(limit.Scope, limit.Name)] = (limit, Times.Whole(now), by);
        FreeKeys(limit.Scope);
        return true;
    }

    public bool Remove(LimitScope scope, string name)
    {
        if (!limits.Remove((scope, name)))
            return false;
        FreeKeys(scope);
        return true;
    }

    public IReadOnlyList<LimitView> Limits(DateTimeOffset now) =>
        [.. limits.Values.Select(set => set.Limit is { Scope: LimitScope.Key } ? new LimitView(set.Limit, set.Since, set.By, null, null) : View(set, set.Limit.Name, now))];

    public LimitView? LimitOf(string key, DateTimeOffset now) =>
        LimitOf(key) is { } limit ? View(limits[(LimitScope.Key, limit.Name)], key, now) : null;

    public IReadOnlyList<BreakerView> Breakers(DateTimeOffset now) =>
        [.. breakers.Values.Select(breaker => new BreakerView(breaker.Definition, breaker.Circuit, breaker.Circuit.State is BreakerState.Closed ? breaker.Window(now) : default,
            [.. typeBreakers.Where(type => type.Value.Contains(breaker.Definition.Name)).Select(type => type.Key)]))];

    /// <summary>A worker has started.</summary>
    public void Define(WorkerStart worker, DateTimeOffset now)
    {
        foreach (var definition in worker.Breakers)
        {
            if (breakers.TryGetValue(definition.Name, out var known))
                known.Definition = definition;
            else
                breakers.Add(definition.Name, new Breaker(definition, Times.Whole(now)));
        }
        foreach (var (type, on) in worker.TypeBreakers)
            typeBreakers[type] = on;
    }

    /// <summary>What the next claim has to pass.</summary>
    public ClaimGates Gates(DateTimeOffset now) => new(
        limits.Values.Where(set => set.Limit.Scope is not LimitScope.Key)
            .Select(set => new Gate(set.Limit.Scope is LimitScope.Queue ? GateKind.Queue : GateKind.Type, set.Limit.Name, Math.Max(0, set.Limit.Most - Used(set.Limit, set.Limit.Name, now))))
            .Concat(breakers.Values.SelectMany(breaker => breaker.Circuit.Left(breaker.Definition, now) is { } left ? [new Gate(GateKind.Breaker, breaker.Definition.Name, left)] : Array.Empty<Gate>())),
        type => typeBreakers.GetValueOrDefault(type) ?? []);

    /// <summary>A claim has let jobs through a gate.</summary>
    public void Passed(Gate gate, int count, DateTimeOffset now)
    {
        if (gate.Kind is GateKind.Breaker)
            breakers[gate.Name].Circuit = breakers[gate.Name].Circuit.AfterClaim(breakers[gate.Name].Definition, count, Times.Whole(now));
        else
            Use(limits[(gate.Kind is GateKind.Queue ? LimitScope.Queue : LimitScope.Type, gate.Name)].Limit, gate.Name, count, now);
    }

    /// <summary>A job that was claimed goes back without having begun.</summary>
    public void GiveBack(string queue, string type, DateTimeOffset claimedAt)
    {
        foreach (var (scope, name) in new[] { (LimitScope.Queue, queue), (LimitScope.Type, type) })
        {
            if (!limits.TryGetValue((scope, name), out var set) || !uses.TryGetValue((scope, name), out var used))
                continue;
            var until = set.Limit.Until(claimedAt);
            if (used.TryGetValue(until, out var starts) && starts > 1)
                used[until] = starts - 1;
            else
                used.Remove(until);
        }
    }

    /// <summary>Whether the limit of an exclusive key lets one more job come to its turn, which counts then; if not, the key is looked at again when it may.</summary>
    public bool Admits(string key, DateTimeOffset now)
    {
        if (LimitOf(key) is not { } limit)
            return true;
        if (Used(limit, key, now) < limit.Most)
        {
            Use(limit, key, 1, now);
            return true;
        }
        heldKeys[key] = Back(limit, key, now)!.Value;
        return false;
    }

    /// <summary>A job that has kept its place behind an exclusive key runs again. It is not held back, but counts.</summary>
    public void RunsAgain(string key, DateTimeOffset now)
    {
        if (LimitOf(key) is { } limit)
            Use(limit, key, 1, now);
    }

    /// <summary>The keys whose limits let more through again.</summary>
    public IReadOnlyList<string> TakeFreedKeys(DateTimeOffset now)
    {
        var latest = RateLimit.LatestOfKeys(limits.Values.Select(set => set.Limit), now);
        string[] freed = [.. heldKeys.Where(held => held.Value <= now || held.Value > latest).Select(held => held.Key)];
        Array.ForEach(freed, key => heldKeys.Remove(key));
        return freed;
    }

    /// <summary>When something lets more through than it does now; null when nothing will.</summary>
    public DateTimeOffset? Next(DateTimeOffset now) =>
        limits.Values.Where(set => set.Limit.Scope is not LimitScope.Key && Used(set.Limit, set.Limit.Name, now) >= set.Limit.Most).Select(set => Back(set.Limit, set.Limit.Name, now))
            .Concat(breakers.Values.Where(breaker => breaker.Circuit.Until > now).Select(breaker => breaker.Circuit.Until))
            .Concat(heldKeys.Values.Select(until => (DateTimeOffset?)until))
            .Min();

    /// <summary>Counts calls.</summary>
    /// <returns>The breakers that have changed by it, with what did it.</returns>
    public IReadOnlyList<(string Breaker, BreakerState State, CallCounts By)> Count(WorkerId worker, IEnumerable<DependencyCall> calls, DateTimeOffset now)
    {
        var changes = new List<(string, BreakerState, CallCounts)>();
        foreach (var (name, all, probes) in DependencyCall.Sum(calls))
        {
            if (!breakers.TryGetValue(name, out var breaker))
                continue;
            var before = breaker.Circuit.State;
            if (before is BreakerState.Closed)
                breaker.Count(worker, all, now);
            var window = breaker.Window(now);
            Change(breaker, breaker.Circuit.AfterCalls(breaker.Definition, all, window, probes, Times.Whole(now)));
            if (breaker.Circuit.State != before)
                changes.Add((name, breaker.Circuit.State, before is BreakerState.Closed ? window : probes));
        }
        return changes;
    }

    /// <summary>Opens or closes a breaker by hand.</summary>
    /// <returns>Null when there is none; else whether anything was changed.</returns>
    public (Circuit Circuit, bool Changed)? Switch(string name, bool open, DateTimeOffset now)
    {
        if (!breakers.TryGetValue(name, out var breaker))
            return null;
        var changed = !breaker.Circuit.Stands(open);
        if (changed)
            Change(breaker, Circuit.ByHand(open, Times.Whole(now)));
        return (breaker.Circuit, changed);
    }

    private static void Change(Breaker breaker, Circuit circuit)
    {
        if (circuit.State != breaker.Circuit.State)
            breaker.Segments.Clear();
        breaker.Circuit = circuit;
    }

    private LimitView View((RateLimit Limit, DateTimeOffset Since, string By) set, string name, DateTimeOffset now) =>
        new(set.Limit, set.Since, set.By, Math.Max(0, set.Limit.Most - Used(set.Limit, name, now)), Back(set.Limit, name, now));

    private RateLimit? LimitOf(string key) => RateLimit.Of(limits.Values.Select(set => set.Limit), key);

    /// <summary>What holds a key may have changed: all are looked at again.</summary>
    private void FreeKeys(LimitScope scope)
    {
        if (scope is not LimitScope.Key)
            return;
        foreach (var key in heldKeys.Keys)
            heldKeys[key] = DateTimeOffset.UnixEpoch;
    }

    private void Use(RateLimit limit, string name, int starts, DateTimeOffset now)
    {
        if (!uses.TryGetValue((limit.Scope, name), out var used))
            uses[(limit.Scope, name)] = used = [];
        used[limit.Until(now)] = used.GetValueOrDefault(limit.Until(now)) + starts;
    }

    private int Used(RateLimit limit, string name, DateTimeOffset now) => UsesOf(limit, name, now).Sum(use => use.Value);

    private DateTimeOffset? Back(RateLimit limit, string name, DateTimeOffset now) => UsesOf(limit, name, now).Select(use => (DateTimeOffset?)use.Key).FirstOrDefault();

    private IEnumerable<KeyValuePair<DateTimeOffset, int>> UsesOf(RateLimit limit, string name, DateTimeOffset now) =>
        uses.TryGetValue((limit.Scope, name), out var used) ? used.Where(use => use.Key > now && use.Key <= limit.Latest(now)) : [];
}
