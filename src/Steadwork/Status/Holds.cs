using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Status;

/// <summary>What lets none like a job through, or only some: limits, breakers, and that the store takes no more work.</summary>
internal sealed record Holds(IReadOnlyList<LimitView> Limits, IReadOnlyList<BreakerView> Breakers, Retirement? Retirement)
{
    public static async Task<Holds> OfAsync(IStore store, Job job, CancellationToken cancellationToken)
    {
        var limits = (await store.LimitsAsync(cancellationToken).ConfigureAwait(false)).Where(view => view.Limit switch
        {
            { Scope: LimitScope.Queue } queue => queue.Name == job.Queue && job.State is JobState.Pending,
            { Scope: LimitScope.Type } type => type.Name == job.Type && job.State is JobState.Pending,
            _ => false,
        });
        var ofKey = job is { State: JobState.Waiting, ExclusiveKey: { } key } ? await store.LimitOfKeyAsync(key, cancellationToken).ConfigureAwait(false) : null;
        var breakers = await store.BreakersAsync(cancellationToken).ConfigureAwait(false);
        return new Holds(
            [.. limits.Append(ofKey).OfType<LimitView>().Where(view => view.Left == 0)],
            [.. breakers.Where(breaker => breaker.Circuit.State is not BreakerState.Closed && breaker.Types.Contains(job.Type))],
            store is ICopyableStore copyable ? await copyable.RetirementAsync(cancellationToken).ConfigureAwait(false) : null);
    }
}
