using System.Runtime.CompilerServices;

namespace Steadwork.Storage;

/// <summary>What is done with all jobs that a query finds, however many.</summary>
internal static class ManyJobs
{
    // Jobs come with their payloads, which may be long: never more of them at once than this.
    private const int PageSize = 200;

    /// <summary>The jobs that a query finds, page by page.</summary>
    /// <param name="store">Where.</param>
    /// <param name="query">Which; its limit is left aside.</param>
    /// <param name="most">How many at the most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async IAsyncEnumerable<IReadOnlyList<Job>> PagesAsync(
        this IJobStore store, JobQuery query, int most = int.MaxValue, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (most > 0)
        {
            query = query with { Limit = Math.Min(most, PageSize) };
            var page = await store.FindAsync(query, cancellationToken).ConfigureAwait(false);
            if (page.Count > 0)
                yield return page;
            // Those that are named come all at once.
            if (page.Count < query.Limit || query.Ids is not null)
                yield break;
            most -= page.Count;
            query = query with { Before = page[^1].Id };
        }
    }

    /// <summary>
    /// Asks the same of all jobs that a query finds. Each is looked at once, in the order in which jobs move on, so that one which
    /// does so meanwhile is met in its next state. What is enqueued meanwhile may be left out.
    /// </summary>
    public static async Task<RequestCounts> RequestManyAsync(this IJobStore store, JobRequest request, JobQuery which, string by, CancellationToken cancellationToken)
    {
        var counts = default(RequestCounts);
        JobState[] states = which.State is { } state ? [state] : request switch
        {
            JobRequest.Cancel => [JobState.Waiting, JobState.Pending, JobState.Running],
            JobRequest.Retry => [JobState.Failed, JobState.Cancelled],
            _ => [JobState.Waiting, JobState.Pending, JobState.Succeeded, JobState.Failed, JobState.Cancelled],
        };
        foreach (var each in states)
        {
            await foreach (var page in store.PagesAsync(which with { State = each }, cancellationToken: cancellationToken).ConfigureAwait(false))
                counts += RequestCounts.Of(await store.RequestAsync([.. page.Select(job => job.Id)], request, by, cancellationToken).ConfigureAwait(false));
        }
        return counts;
    }
}
