namespace Steadwork.Storage.InMemory;

/// <summary>What a worker has noted of its jobs.</summary>
internal sealed class Marks(int capacity) : IStartMarks
{
    private readonly Lock gate = new();
    private readonly Dictionary<LeaseToken, bool> running = [];
    private bool overflowed;
    private bool closed;

    /// <summary>Which leases had begun, and whether they still ran; null when more had begun than there was room to note.</summary>
    public IReadOnlyDictionary<LeaseToken, bool>? Read()
    {
        lock (gate)
            return overflowed ? null : new Dictionary<LeaseToken, bool>(running);
    }

    public void Begun(LeaseToken lease)
    {
        lock (gate)
        {
            if (closed)
                return;
            if (running.Count < capacity || running.ContainsKey(lease))
                running[lease] = true;
            else
                overflowed = true;
        }
    }

    public void Ended(LeaseToken lease)
    {
        lock (gate)
        {
            if (!closed && running.ContainsKey(lease))
                running[lease] = false;
        }
    }

    public void Settled(LeaseToken lease)
    {
        lock (gate)
        {
            if (!closed)
                running.Remove(lease);
        }
    }

    /// <summary>From now on nothing more is noted, as after the death of the process.</summary>
    public void Close()
    {
        lock (gate)
            closed = true;
    }
}
