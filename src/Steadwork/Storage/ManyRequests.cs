namespace Steadwork.Storage;

/// <summary>Asks the same of all jobs that a query finds.</summary>
internal static class ManyRequests
{
    // Jobs come with their payloads, which may be long.
    private const int AtOnce = 200;

    /// <summary>
    /// Each job is looked at once, in the order in which jobs move on, so that one which does so meanwhile is met in its next
    /// state. What is enqueued meanwhile may be left out.
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
            for (var page = which with { State = each, Limit = AtOnce }; ;)
            {
                var jobs = await store.FindAsync(page, cancellationToken).ConfigureAwait(false);
                if (jobs.Count == 0)
                    break;
                counts += RequestCounts.Of(await store.RequestAsync([.. jobs.Select(job => job.Id)], request, by, cancellationToken).ConfigureAwait(false));
                if (jobs.Count < AtOnce)
                    break;
                page = page with { Before = jobs.Min(job => job.Id) };
            }
        }
        return counts;
    }
}
