namespace Steadwork.Sqlite.Writing;

/// <summary>The changes that wait for the write thread, in their order. Waiting for them does not spin: the processor belongs to those who make them.</summary>
internal sealed class Inbox
{
    private readonly object gate = new();
    private readonly Queue<WriteRequest> waiting = new();
    private bool closed;

    /// <returns>False when nothing is taken in any more.</returns>
    public bool Add(WriteRequest request)
    {
        lock (gate)
        {
            if (closed)
                return false;
            waiting.Enqueue(request);
            if (waiting.Count == 1)
                Monitor.Pulse(gate);
            return true;
        }
    }

    /// <summary>Whether no change waits.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return waiting.Count == 0;
        }
    }

    /// <summary>Waits for changes.</summary>
    /// <returns>False when there are none and will be none.</returns>
    public bool Wait()
    {
        lock (gate)
        {
            while (waiting.Count == 0)
            {
                if (closed)
                    return false;
                Monitor.Wait(gate);
            }
            return true;
        }
    }

    /// <summary>Takes those that are there.</summary>
    /// <param name="group">Where they go.</param>
    /// <param name="most">How many at the most.</param>
    public void Take(List<WriteRequest> group, int most)
    {
        lock (gate)
        {
            while (group.Count < most && waiting.TryDequeue(out var request))
                group.Add(request);
        }
    }

    /// <summary>Takes nothing in any more; what is there is still handed out.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.PulseAll(gate);
        }
    }
}
