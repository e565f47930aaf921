namespace Steadwork.Storage.InMemory;

/// <summary>Which job comes after which, and for which of them it still waits. A batch that it follows stands there with its number negated.</summary>
internal sealed class Family
{
    private readonly Dictionary<long, SortedDictionary<long, bool>> parents = [];
    private readonly Dictionary<long, SortedSet<long>> children = [];

    public void Add(long child, long parent)
    {
        (parents.TryGetValue(child, out var its) ? its : parents[child] = []).TryAdd(parent, false);
        (children.TryGetValue(parent, out var all) ? all : children[parent] = []).Add(child);
    }

    public void Done(long child, long parent) => parents[child][parent] = true;

    /// <summary>The jobs for which it still waits.</summary>
    public IEnumerable<long> AwaitedBy(long child) => ParentsOf(child).Where(parent => !parent.IsDone).Select(parent => parent.Id);

    /// <summary>All jobs that it comes after.</summary>
    public IEnumerable<(long Id, bool IsDone)> ParentsOf(long child) => parents.TryGetValue(child, out var its) ? its.Select(pair => (pair.Key, pair.Value)) : [];

    /// <summary>Those that still wait for it.</summary>
    public IReadOnlyList<long> Awaiting(long parent) => children.TryGetValue(parent, out var all) ? [.. all.Where(child => !parents[child][parent])] : [];

    public bool HasChildren(long parent) => children.ContainsKey(parent);

    /// <summary>The job is gone; those that come after it may have to know.</summary>
    public void RemoveChild(long child)
    {
        foreach (var (parent, _) in ParentsOf(child))
        {
            children[parent].Remove(child);
            if (children[parent].Count == 0)
                children.Remove(parent);
        }
        parents.Remove(child);
    }
}
