using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Carries out what people ask of jobs: looks at them under lock, decides one after the other, and changes them all at once.</summary>
internal sealed class Requests(Database database)
{
    private sealed record Head(JobState State, string? UniqueKey, long? Batch);

    /// <returns>One answer a job, in order, and what whoever listens may want to know.</returns>
    public Task<(RequestAnswer[] Answers, WakeUp WakeUps)> CarryOutAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken) =>
        database.TransactAsync(async transaction =>
        {
            var ids = Value.Of([.. jobs.Select(job => job.Value).Distinct()]);
            var heads = await transaction.RunAsync(transaction.Batch().Add("job-heads", ids).Add("history-heads", ids.Clone()), HeadsAsync).ConfigureAwait(false);
            var bearers = request is JobRequest.Retry ? await BearersAsync(transaction, heads.Values).ConfigureAwait(false) : [];

            var cancelled = new List<long>();
            var signalled = new List<long>();
            var changed = new List<long>();
            var answers = new RequestAnswer[jobs.Count];
            for (var place = 0; place < jobs.Count; place++)
                answers[place] = Decide(jobs[place], request, heads, bearers, cancelled, signalled, changed);

            var batch = transaction.Batch();
            // What does not run belongs to the copy of a retired store; what runs must still end.
            if (cancelled.Count + changed.Count > 0)
                batch.Add("require-service", Value.Of(database.LockSpace));
            if (cancelled.Count > 0)
                batch.Add("cancel-in-line", Value.Of([.. cancelled]), Value.Of(reason), Value.Of(database.LockSpace));
            if (signalled.Count > 0)
                batch.Add("request-cancellation", Value.Of([.. signalled]), Value.Of(reason));
            // Nobody may see the end of a batch meanwhile, of which a job goes on.
            long[] batches = request is JobRequest.Retry ? [.. changed.Select(job => heads[new JobId(job)].Batch).OfType<long>().Distinct()] : [];
            if (batches.Length > 0)
                batch.Add("hold-batches", Value.Of(batches)).Add("reopen-batches", Value.Of(batches));
            if (changed.Count > 0)
                batch.Add(request is JobRequest.Retry ? "retry-by-hand" : "delete-jobs", Value.Of([.. changed]), Value.Of(database.LockSpace), Value.OfUtf8(NamedJson.By(reason)));
            if (batch.Commands.BatchCommands.Count > 0)
                await transaction.RunAsync(batch).ConfigureAwait(false);
            return (answers, WakeUps(request, cancelled.Count > 0, signalled.Count > 0, changed.Count > 0));
        }, cancellationToken);

    private static RequestAnswer Decide(
        JobId job, JobRequest request, Dictionary<JobId, Head> heads, Dictionary<string, JobId> bearers, List<long> cancelled, List<long> signalled, List<long> changed)
    {
        if (!heads.TryGetValue(job, out var head))
            return RequestAnswer.NotFound;
        if (!JobLifecycle.Allows(head.State, request))
            return RequestAnswer.Refused;
        switch (request)
        {
            case JobRequest.Cancel when head.State is JobState.Running:
                if (!signalled.Contains(job.Value))
                    signalled.Add(job.Value);
                return RequestAnswer.Signalled;
            case JobRequest.Cancel:
                cancelled.Add(job.Value);
                heads[job] = head with { State = JobState.Cancelled };
                return RequestAnswer.Done;
            case JobRequest.Retry:
                if (head.UniqueKey is { } key && !bearers.TryAdd(key, job) && bearers[key] != job)
                    return RequestAnswer.KeyTaken;
                changed.Add(job.Value);
                heads[job] = head with { State = JobState.Pending };
                return RequestAnswer.Done;
            default:
                changed.Add(job.Value);
                heads.Remove(job);
                return RequestAnswer.Done;
        }
    }

    private static WakeUp WakeUps(JobRequest request, bool cancelled, bool signalled, bool changed) =>
        (cancelled ? WakeUp.Ends | WakeUp.Jobs : WakeUp.None)
        | (signalled ? WakeUp.Cancellations : WakeUp.None)
        | (changed ? request is JobRequest.Retry ? WakeUp.Jobs : WakeUp.Jobs | WakeUp.Ends : WakeUp.None);

    private static async Task<Dictionary<JobId, Head>> HeadsAsync(System.Data.Common.DbDataReader reader)
    {
        var heads = new Dictionary<JobId, Head>();
        for (var half = 0; half < 2; half++)
        {
            if (half > 0)
                await reader.NextAsync().ConfigureAwait(false);
            foreach (var (id, head) in await reader.AllAsync(row => (new JobId(row.Long(0)), new Head(JobStates.Parse(row.Text(1)), row.TextOrNull(2), row.LongOrNull(3)))).ConfigureAwait(false))
                heads[id] = head;
        }
        return heads;
    }

    /// <summary>Who bears the keys of these jobs now; nobody else can take one until the transaction ends.</summary>
    private async Task<Dictionary<string, JobId>> BearersAsync(Transaction transaction, IEnumerable<Head> heads)
    {
        string[] keys = [.. heads.Select(head => head.UniqueKey).OfType<string>().Distinct()];
        if (keys.Length == 0)
            return [];
        await transaction.RunAsync(transaction.Batch().Add("lock-keys", Value.Of(keys), Value.Of((long)database.LockSpace))).ConfigureAwait(false);
        var bearers = await transaction.RunAsync(
            transaction.Batch().Add("bearers-of", Value.Of(keys)),
            reader => reader.AllAsync(row => (row.Text(0), new JobId(row.Long(1))))).ConfigureAwait(false);
        return bearers.ToDictionary(pair => pair.Item1, pair => pair.Item2);
    }
}
