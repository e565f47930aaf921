using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork.Workers.Renewing;

/// <summary>The heartbeat: renews the lease of the worker, and hears which of its jobs are to be cancelled.</summary>
internal sealed class LeaseRenewal : WorkerLoop
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly IJobStore store;
    private readonly WorkerOptions options;
    private readonly TimeProvider clock;
    private readonly Func<Incarnation> current;
    private readonly IRenewalListener listener;
    private readonly ITimer lapse;
    private bool hasSlept;

    public LeaseRenewal(IJobStore store, WorkerOptions options, TimeProvider clock, Func<Incarnation> current, IRenewalListener listener, ILogger logger)
        : base("heartbeat", logger)
    {
        (this.store, this.options, this.clock, this.current, this.listener) = (store, options, clock, current, listener);
        // A timer, since the renewal itself may hang for as long as the store does.
        lapse = clock.CreateTimer(_ => Lapse(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Watch(current());
    }

    /// <summary>A lease is new when a life begins.</summary>
    protected override TimeSpan FirstWait => options.Lease / 3;

    protected override TimeSpan Step()
    {
        var incarnation = current();
        var askedAt = clock.GetTimestamp();
        var renewal = store.Renew(incarnation.Id);
        if (renewal.Alive)
            incarnation.Renewed(askedAt);
        else
            listener.Lost(incarnation);
        // This life's lease, or that of the next one, which has begun meanwhile.
        Watch(current());
        foreach (var cancellation in renewal.Cancellations)
            listener.Cancel(cancellation);
        return options.Lease / 3;
    }

    /// <summary>Sets the timer to the end of a lease. Of one that is over by now, and was not given anew, it has told already, or is about to.</summary>
    private void Watch(Incarnation incarnation)
    {
        var left = -incarnation.Overdue;
        if (left <= TimeSpan.Zero)
            return;
        hasSlept = false;
        lapse.Change(left, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The time is up by which the lease should have been renewed.</summary>
    private void Lapse()
    {
        var incarnation = current();
        if (incarnation.Holds)
            return;
        if (incarnation.Overdue > Second && !hasSlept)
        {
            // The process was stopped and goes on: it asks first, perhaps nobody has missed it.
            hasSlept = true;
            Wake();
            lapse.Change(Second, Timeout.InfiniteTimeSpan);
            return;
        }
        listener.Lapsed(incarnation);
    }

    public override void Dispose()
    {
        lapse.Dispose();
        base.Dispose();
    }
}

/// <summary>What the heartbeat tells.</summary>
internal interface IRenewalListener
{
    /// <summary>The worker was declared dead.</summary>
    void Lost(Incarnation incarnation);

    /// <summary>The lease has run out without having been renewed: from now on others may run what the worker holds.</summary>
    void Lapsed(Incarnation lapsed);

    /// <summary>Somebody wants a running job cancelled.</summary>
    void Cancel(Cancellation cancellation);
}
