using Steadwork.Storage;

namespace Steadwork.Workers;

/// <summary>One life of a worker: its registration, and how long its lease is known to hold.</summary>
internal sealed class Incarnation(WorkerSession session, TimeSpan lease, TimeProvider clock)
{
    private long renewedAt = clock.GetTimestamp();
    private volatile bool lost;
    private int held;

    public WorkerId Id => session.Id;

    public WorkerSession Session => session;

    /// <summary>
    /// Whether this process may still believe in its lease. Asked before each start of a handler: a process that was
    /// stopped and goes on must not begin jobs that others have taken over meanwhile.
    /// </summary>
    public bool Holds => !lost && clock.GetElapsedTime(Volatile.Read(ref renewedAt)) < lease;

    /// <summary>For how long it has not held any more; negative while it does.</summary>
    public TimeSpan Overdue => clock.GetElapsedTime(Volatile.Read(ref renewedAt)) - lease;

    /// <param name="askedAt">The timestamp taken before the store was asked: the lease counts from no later than that.</param>
    public void Renewed(long askedAt) => Volatile.Write(ref renewedAt, askedAt);

    public void Lost() => lost = true;

    /// <summary>Whether nothing that was claimed in this life is left in the process.</summary>
    public bool HoldsNothing => Volatile.Read(ref held) == 0;

    public void Took(int jobs) => Interlocked.Add(ref held, jobs);

    public void LetGo() => Interlocked.Decrement(ref held);
}
