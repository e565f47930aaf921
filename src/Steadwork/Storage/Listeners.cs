namespace Steadwork.Storage;

/// <summary>Whoever wants to be woken.</summary>
internal sealed class Listeners
{
    private readonly Lock gate = new();
    private readonly List<Listener> all = [];

    public IDisposable Add(WakeUp kinds, Action<WakeUp> onWakeUp)
    {
        var listener = new Listener(this, kinds, onWakeUp);
        lock (gate)
            all.Add(listener);
        return listener;
    }

    public void Ring(WakeUp kinds)
    {
        Listener[] woken;
        lock (gate)
            woken = [.. all.Where(listener => (listener.Kinds & kinds) != 0)];
        foreach (var listener in woken)
        {
            try
            {
                listener.OnWakeUp(listener.Kinds & kinds);
            }
            catch (Exception)
            {
                // The change has been made: a listener's fault must not look like a failed change to whoever made it.
            }
        }
    }

    private sealed record Listener(Listeners Owner, WakeUp Kinds, Action<WakeUp> OnWakeUp) : IDisposable
    {
        public void Dispose()
        {
            lock (Owner.gate)
                Owner.all.RemoveAll(other => ReferenceEquals(other, this));
        }
    }
}
