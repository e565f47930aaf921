using System.Diagnostics.CodeAnalysis;

namespace Steadwork.Storage.InMemory;

/// <summary>All jobs, and the orders and counts that follow from them. Every change goes through <see cref="Put"/> or <see cref="Remove"/>.</summary>
internal sealed class Table(Batches batches)
{
    private readonly SortedDictionary<long, Entry> entries = [];
    private readonly SortedDictionary<(string Queue, string Type), StateCounts> lanes = new(ByOrdinal);
    private readonly SortedSet<(int Priority, long Id)> ready = [];
    private readonly SortedSet<(DateTimeOffset RunAt, long Id)> delayed = [];
    private readonly SortedSet<(DateTimeOffset ExpiresAt, long Id)> expiring = [];
    private readonly SortedDictionary<long, long> held = [];
    private readonly Dictionary<string, long> keys = [];
    private readonly SortedSet<(string Key, DateTimeOffset Until, long Id)> lentKeys = new(ByKeyAndTime);
    private readonly SortedSet<(string Key, int Priority, long Id)> behind = new(ByKeyAndPlace);
    private readonly Dictionary<string, SortedSet<int>> slots = [];

    private static Comparer<(string Queue, string Type)> ByOrdinal { get; } = Comparer<(string Queue, string Type)>.Create((a, b) =>
        string.CompareOrdinal(a.Queue, b.Queue) is not 0 and var order ? order : string.CompareOrdinal(a.Type, b.Type));

    private static Comparer<(string Key, DateTimeOffset Until, long Id)> ByKeyAndTime { get; } = Comparer<(string Key, DateTimeOffset Until, long Id)>.Create((a, b) =>
        string.CompareOrdinal(a.Key, b.Key) is not 0 and var order ? order : (a.Until, a.Id).CompareTo((b.Until, b.Id)));

    private static Comparer<(string Key, int Priority, long Id)> ByKeyAndPlace { get; } = Comparer<(string Key, int Priority, long Id)>.Create((a, b) =>
        string.CompareOrdinal(a.Key, b.Key) is not 0 and var order ? order : (a.Priority, a.Id).CompareTo((b.Priority, b.Id)));

    /// <summary>In the order of their ids.</summary>
    public IEnumerable<Entry> All => entries.Values;

    /// <summary>The jobs that may run now, in claim order.</summary>
    public IEnumerable<Entry> Ready => ready.Select(place => entries[place.Id]);

    /// <summary>The jobs whose time has not come, or had not when somebody last looked; the next one first.</summary>
    public IEnumerable<Entry> Delayed => delayed.Select(place => entries[place.Id]);

    /// <summary>The jobs that are cancelled unless they are begun in time; the next one first.</summary>
    public IEnumerable<Entry> Expiring => expiring.Select(place => entries[place.Id]);

    public IReadOnlyList<LaneCounts> Lanes => [.. lanes.Select(lane => new LaneCounts(lane.Key.Queue, lane.Key.Type, lane.Value))];

    /// <summary>The running jobs of a worker, in the order of their ids.</summary>
    public IReadOnlyList<Entry> HeldBy(WorkerId worker) =>
        [.. held.Where(pair => pair.Value == worker.Value).Select(pair => entries[pair.Key])];

    public bool TryGet(JobId id, [NotNullWhen(true)] out Entry? entry) => entries.TryGetValue(id.Value, out entry);

    /// <summary>The job that runs under this lease; null when the lease is stale.</summary>
    public Entry? Held(JobId id, LeaseToken lease) =>
        TryGet(id, out var entry) && entry.Job.State is JobState.Running && entry.Lease == lease ? entry : null;

    /// <summary>The job that bears a unique key now. After a clock that was set back, of several ended ones that whose time ends last.</summary>
    public Entry? BearerOf(string key, DateTimeOffset now) =>
        keys.TryGetValue(key, out var id) ? entries[id] : LenderOf(key, now);

    /// <summary>The one that will once its bearer, if that has expired, has been ended.</summary>
    public Entry? NextBearerOf(string key, DateTimeOffset now) =>
        BearerOf(key, now) is { } bearer && !Expiry.IsOver(bearer.Expires, now) ? bearer
        : new[] { BearerOf(key, now), LenderOf(key, now) }.Where(ended => ended?.UniqueUntil > Times.Whole(now)).MaxBy(ended => (ended!.UniqueUntil, ended.Id));

    private Entry? LenderOf(string key, DateTimeOffset now) =>
        lentKeys.GetViewBetween((key, Times.Whole(now), long.MaxValue), (key, DateTimeOffset.MaxValue, 0)).Max is { Id: > 0 } last ? entries[last.Id] : null;

    /// <summary>The job that is next among those that wait behind an exclusive key.</summary>
    public Entry? FirstBehind(string key) =>
        behind.GetViewBetween((key, 0, 0), (key, int.MaxValue, long.MaxValue)).FirstOrDefault() is { Id: > 0 } first ? entries[first.Id] : null;

    /// <summary>The first place of an exclusive key that nobody has; null when so many or more are taken.</summary>
    public int? FreeSlot(string key, int limit)
    {
        var taken = slots.GetValueOrDefault(key) ?? [];
        return taken.Count < limit ? Enumerable.Range(1, limit).First(slot => !taken.Contains(slot)) : null;
    }

    /// <summary>Stores a job in the place of its earlier self.</summary>
    public void Put(Entry entry)
    {
        Remove(entry.Job.Id);
        if (entry.TakenKey is { } key)
            keys.Add(key, entry.Id);
        if (entry.LentKey is var (lent, until))
            lentKeys.Add((lent, until, entry.Id));
        if (entry.Ready)
            ready.Add((entry.Job.Priority, entry.Id));
        if (entry.Delayed)
            delayed.Add((entry.Job.RunAt, entry.Id));
        if (entry.Expires is { } expiresAt)
            expiring.Add((expiresAt, entry.Id));
        if (entry.WaitsBehind is { } busy)
            behind.Add((busy, entry.Job.Priority, entry.Id));
        if (entry.Slot is { } slot && !(slots.TryGetValue(entry.Job.ExclusiveKey!, out var taken) ? taken : slots[entry.Job.ExclusiveKey!] = []).Add(slot))
            throw new InvalidOperationException($"Two jobs have the place {slot} of the exclusive key '{entry.Job.ExclusiveKey}'.");
        if (entry.Job.State is JobState.Running)
            held.Add(entry.Id, entry.Job.Worker!.Value.Value);
        Count(entry, +1);
        entries.Add(entry.Id, entry);
    }

    public void Remove(JobId id)
    {
        if (!entries.Remove(id.Value, out var entry))
            return;
        if (entry.TakenKey is { } key)
            keys.Remove(key);
        if (entry.LentKey is var (lent, until))
            lentKeys.Remove((lent, until, entry.Id));
        ready.Remove((entry.Job.Priority, entry.Id));
        delayed.Remove((entry.Job.RunAt, entry.Id));
        if (entry.Expires is { } expiresAt)
            expiring.Remove((expiresAt, entry.Id));
        held.Remove(entry.Id);
        if (entry.WaitsBehind is { } busy)
            behind.Remove((busy, entry.Job.Priority, entry.Id));
        if (entry.Slot is { } slot)
            slots[entry.Job.ExclusiveKey!].Remove(slot);
        Count(entry, -1);
    }

    private void Count(Entry entry, int change)
    {
        lanes[entry.Lane] = lanes.GetValueOrDefault(entry.Lane).With(entry.Job.State, change);
        batches.Count(entry.Job, change);
    }
}
