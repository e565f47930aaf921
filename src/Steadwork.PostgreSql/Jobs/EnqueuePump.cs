using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>
/// Coalesces what callers enqueue: a few writers, each of which takes all that came in while its last transaction ran, and
/// answers each caller after the commit that holds its jobs. Group commit without a timer.
/// </summary>
internal sealed class EnqueuePump(Database database, Lanes lanes, int writers, Action stored)
{
    private const int EnoughJobs = 2000;

    private readonly Lock gate = new();
    private readonly Queue<Request> waiting = new();
    private int atWork;

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
            var answers = await StoreAsync([.. group.SelectMany(request => request.Jobs)]).ConfigureAwait(false);
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
            // One bad request must not fail its neighbours: each gets a transaction, and an answer, of its own.
            foreach (var request in group)
                await StoreAsync([request]).ConfigureAwait(false);
        }
    }

    private async Task<EnqueuedJob[]> StoreAsync(NewJob[] jobs)
    {
        await lanes.MakeAsync(jobs, CancellationToken.None).ConfigureAwait(false);
        var answers = await database.RunAsync(Statements(database, jobs, lanes.Of, out var parts), reader => AnswersAsync(reader, jobs, parts), CancellationToken.None).ConfigureAwait(false);
        if (Array.Exists(answers, answer => !answer.Existing))
            stored();
        return answers;
    }

    /// <summary>What stores some jobs, in as few statements as their keys allow.</summary>
    public static Batch Statements(Database database, IReadOnlyList<NewJob> jobs, Func<NewJob, int> laneOf, out int parts)
    {
        var batch = database.Batch();
        if (jobs.Any(job => job.UniqueKey is not null))
            batch.Add("lock-keys", Drafts.Keys(jobs), Value.Of((long)database.LockSpace));
        var drafts = new Drafts(jobs.Count);
        parts = 0;
        foreach (var job in jobs)
        {
            if (drafts.TryAdd(job, laneOf(job)))
                continue;
            drafts.AddTo(batch);
            parts++;
            drafts = new Drafts(0);
            drafts.TryAdd(job, laneOf(job));
        }
        if (drafts.Count > 0)
        {
            drafts.AddTo(batch);
            parts++;
        }
        return batch;
    }

    /// <summary>Reads the answers to <see cref="Statements"/>.</summary>
    public static async Task<EnqueuedJob[]> AnswersAsync(System.Data.Common.DbDataReader reader, IReadOnlyList<NewJob> jobs, int parts)
    {
        if (jobs.Any(job => job.UniqueKey is not null))
            await reader.NextAsync().ConfigureAwait(false);
        var answers = new List<EnqueuedJob>(jobs.Count);
        for (var part = 0; part < parts; part++)
        {
            if (part > 0)
                await reader.NextAsync().ConfigureAwait(false);
            answers.AddRange(await reader.AllAsync(Drafts.Answer).ConfigureAwait(false));
        }
        return answers.Count == jobs.Count ? [.. answers] : throw new InvalidOperationException($"The store has answered {answers.Count} of {jobs.Count} jobs.");
    }
}
