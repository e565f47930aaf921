using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork.Workers.Renewing;

/// <summary>The heartbeat: renews the lease of the worker, and hears which of its jobs are to be cancelled.</summary>
internal sealed class LeaseRenewal(IJobStore store, WorkerOptions options, TimeProvider clock, Func<Incarnation> current, IRenewalListener listener, ILogger logger)
    : WorkerLoop("heartbeat", logger)
{
    protected override TimeSpan Step()
    {
        var incarnation = current();
        var askedAt = clock.GetTimestamp();
        var renewal = store.Renew(incarnation.Id);
        if (renewal.Alive)
            incarnation.Renewed(askedAt);
        else
            listener.Lost(incarnation);
        foreach (var cancellation in renewal.Cancellations)
            listener.Cancel(cancellation);
        return options.Lease / 3;
    }
}

/// <summary>What the heartbeat tells.</summary>
internal interface IRenewalListener
{
    /// <summary>The worker was declared dead.</summary>
    void Lost(Incarnation incarnation);

    /// <summary>Somebody wants a running job cancelled.</summary>
    void Cancel(Cancellation cancellation);
}
