using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>
/// Coalesces what callers enqueue: a few writers, each of which takes all that came in while its last transaction ran, and
/// answers each caller after the commit that holds its jobs. Group commit without a timer.
/// </summary>
internal sealed class EnqueuePump(Database database, Lanes lanes, int writers, Action<bool> stored)
{
    private const int EnoughJobs = 2000;

    private readonly Lock gate = new();
    private readonly Queue<Request> waiting = new();
    private int atWork;
    private volatile int lastPriority;

    private sealed class Request(IReadOnlyList<NewJob> jobs)
    {
        // Callers must not run in the writer, whose next transaction would wait for them.
        private readonly TaskCompletionSource<IReadOnlyList<EnqueuedJob>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<NewJob> Jobs => jobs;

        public Task<IReadOnlyList<EnqueuedJob>> Answer => answer.Task;

        public void Complete(IReadOnlyList<EnqueuedJob> jobs) => answer.TrySetResult(jobs);

        public void Fail(Exception error) => answer.TrySetException(error);
    }

    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs)
    {
        var request = new Request(jobs);
        lock (gate)
        {
            waiting.Enqueue(request);
            if (atWork == writers)
                return request.Answer;
            atWork++;
        }
        _ = WriteAsync();
        return request.Answer;
    }

    private async Task WriteAsync()
    {
        // The caller goes on at once; and whoever enqueues in the same moment is taken along.
        await Task.Yield();
        var group = new List<Request>();
        while (Take(group))
        {
            await StoreAsync(group).ConfigureAwait(false);
            group.Clear();
        }
    }

    /// <returns>False when there is nothing to do: the writer is done.</returns>
    private bool Take(List<Request> group)
    {
        lock (gate)
        {
            for (var jobs = 0; jobs < EnoughJobs && waiting.TryDequeue(out var request); jobs += request.Jobs.Count)
                group.Add(request);
            if (group.Count == 0)
                atWork--;
            return group.Count > 0;
        }
    }

    private async Task StoreAsync(List<Request> group)
    {
        try
        {
            var answers = await StoreAsync([.. group.SelectMany(request => request.Jobs)], patient: group.Count == 1).ConfigureAwait(false);
            var first = 0;
            foreach (var request in group)
            {
                request.Complete(answers[first..(first + request.Jobs.Count)]);
                first += request.Jobs.Count;
            }
        }
        catch (Exception error) when (group.Count == 1 || error is StoreUnavailableException)
        {
            foreach (var request in group)
                request.Fail(error);
        }
        catch (Exception)
        {
            // One bad request must not fail its neighbours, nor one whose key somebody's open transaction holds keep them
            // waiting: each gets a transaction, and an answer, of its own.
            foreach (var request in group)
                _ = StoreAsync([request]);
        }
    }

    /// <summary>Whether some of these go before others that this process has enqueued.</summary>
    private bool IsAheadOfOthers(NewJob[] jobs)
    {
        var last = jobs.Max(job => job.Priority);
        if (last > lastPriority)
            lastPriority = last;
        return jobs.Min(job => job.Priority) < lastPriority;
    }

    private async Task<EnqueuedJob[]> StoreAsync(NewJob[] jobs, bool patient)
    {
        await lanes.MakeAsync(jobs, CancellationToken.None).ConfigureAwait(false);
        var storing = new Storing(database, jobs, lanes, patient, own: true);
        var answers = await database.RunAsync(storing.Batch, storing.ReadAsync, CancellationToken.None).ConfigureAwait(false);
        if (Array.Exists(answers, answer => !answer.Existing))
            stored(IsAheadOfOthers(jobs));
        return answers;
    }
}
