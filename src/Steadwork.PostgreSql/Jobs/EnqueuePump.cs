using System.Diagnostics;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.WakeUps;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>
/// Coalesces what callers enqueue: a few writers, each of which takes all that came in while its last transaction ran, and
/// answers each caller after the commit that holds its jobs. Group commit without a timer.
/// </summary>
internal sealed class EnqueuePump(Database database, Lanes lanes, int writers, Bell bell, Action<WakeUp, bool> stored)
{
    private const int EnoughJobs = 2000;
    private const string Impatience = "250ms", Patience = "20s";
    private const int FewJobs = 4;
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(1);

    private readonly SemaphoreSlim patientOnes = new(Math.Clamp(database.MaxConnections / 8, 1, 4));

    private readonly Lock gate = new();
    private readonly Queue<Request> waiting = new();
    private int atWork;
    private long lastDone;
    private volatile int lastPriority;

    private sealed class Request(IReadOnlyList<NewJob> jobs)
    {
        // Callers must not run in the writer, whose next transaction would wait for them.
        private readonly TaskCompletionSource<IReadOnlyList<EnqueuedJob>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<NewJob> Jobs => jobs;

        /// <summary>Whether its jobs name each other by their places, which must not be shifted by those of others.</summary>
        public bool IsWorkflow { get; } = jobs.Any(job => job.AfterPlaces.Count > 0);

        public Task<IReadOnlyList<EnqueuedJob>> Answer => answer.Task;

        public void Complete(IReadOnlyList<EnqueuedJob> jobs) => answer.TrySetResult(jobs);

        public void Fail(Exception error) => answer.TrySetException(error);
    }

    public Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs)
    {
        Request request;
        try
        {
            request = new Request(jobs);
        }
        catch (Exception error)
        {
            // A list that cannot be read to its end is its caller's alone, who waits for the answer.
            return Task.FromException<IReadOnlyList<EnqueuedJob>>(error);
        }
        bool isAlone;
        lock (gate)
        {
            waiting.Enqueue(request);
            if (atWork == writers)
                return request.Answer;
            isAlone = atWork++ == 0 && jobs.Count <= FewJobs && Stopwatch.GetElapsedTime(lastDone) > Quiet;
        }
        _ = WriteAsync(isAlone);
        return request.Answer;
    }

    private async Task WriteAsync(bool isAlone)
    {
        // The caller goes on at once, and whoever enqueues in the same moment is taken along; but for one who comes alone, as it seems,
        // with few jobs, to hand these over costs more than to send them.
        if (!isAlone)
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
            for (var jobs = 0; jobs < EnoughJobs && waiting.TryPeek(out var request) && (group.Count == 0 || !request.IsWorkflow); jobs += request.Jobs.Count)
            {
                group.Add(waiting.Dequeue());
                if (request.IsWorkflow)
                    break;
            }
            if (group.Count == 0 && --atWork == 0)
                lastDone = Stopwatch.GetTimestamp();
            return group.Count > 0;
        }
    }

    private async Task StoreAsync(List<Request> group)
    {
        try
        {
            var answers = await StoreAsync([.. group.SelectMany(request => request.Jobs)], Impatience).ConfigureAwait(false);
            var first = 0;
            foreach (var request in group)
            {
                request.Complete(answers[first..(first + request.Jobs.Count)]);
                first += request.Jobs.Count;
            }
        }
        catch (PostgresException error) when (group.Count == 1 && error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            _ = StorePatientlyAsync(group[0]);
        }
        catch (Exception error) when (group.Count == 1 || error is StoreUnavailableException)
        {
            foreach (var request in group)
                request.Fail(error);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Those whose keys somebody's open transaction holds must not keep their neighbours waiting.
            var held = await HeldKeysAsync(group).ConfigureAwait(false);
            var waiting = group.FindAll(request => request.Jobs.Any(job => job.UniqueKey is { } key && held.Contains(key)));
            waiting.ForEach(request => _ = StorePatientlyAsync(request));
            if (waiting.Count == 0)
                await StoreEachAsync(group).ConfigureAwait(false);
            else if (group.FindAll(request => !waiting.Contains(request)) is { Count: > 0 } free)
                await StoreAsync(free).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // One bad request must not fail its neighbours: each gets a transaction, and an answer, of its own.
            await StoreEachAsync(group).ConfigureAwait(false);
        }
    }

    private async Task StoreEachAsync(List<Request> requests)
    {
        foreach (var request in requests)
            await StoreAsync([request]).ConfigureAwait(false);
    }

    private async Task<HashSet<string>> HeldKeysAsync(List<Request> group)
    {
        try
        {
            string[] keys = [.. group.SelectMany(request => request.Jobs).Select(job => job.UniqueKey).OfType<string>().Distinct()];
            return [.. await database.RunAsync(
                database.Batch().Add("held-keys", Value.Of(keys), Value.Of((long)database.LockSpace)), reader => reader.AllAsync(row => row.Text(0)), CancellationToken.None).ConfigureAwait(false)];
        }
        catch (StoreUnavailableException)
        {
            // The next try tells why.
            return [];
        }
    }

    /// <summary>Waits for a key that somebody's open transaction holds, outside of the writers, and few at once: each keeps a connection.</summary>
    private async Task StorePatientlyAsync(Request request)
    {
        await patientOnes.WaitAsync().ConfigureAwait(false);
        try
        {
            request.Complete(await StoreAsync([.. request.Jobs], Patience).ConfigureAwait(false));
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            var keys = string.Join(", ", request.Jobs.Select(job => job.UniqueKey).OfType<string>().Distinct().Take(3).Select(key => $"'{key}'"));
            request.Fail(keys == "" ? Unavailable.HeldUp(database.Place, error) : new StoreUnavailableException($"Whether a unique key ({keys}) is taken cannot be told: a transaction that is open in the store {database.PlaceInSentence} holds it. Nothing was stored.", error));
        }
        catch (Exception error)
        {
            request.Fail(error);
        }
        finally
        {
            patientOnes.Release();
        }
    }

    /// <summary>Whether some of these go before others that this process has enqueued, as one may that was there and gets another time.</summary>
    private bool IsAheadOfOthers(NewJob[] jobs)
    {
        var last = jobs.Max(job => job.Priority);
        if (last > lastPriority)
            lastPriority = last;
        return jobs.Min(job => job.Priority) < lastPriority || Array.Exists(jobs, job => job.WhenTaken is WhenTaken.Replace or WhenTaken.ReplaceTime);
    }

    private async Task<EnqueuedJob[]> StoreAsync(NewJob[] jobs, string patience)
    {
        await lanes.MakeAsync(jobs, CancellationToken.None).ConfigureAwait(false);
        var ahead = IsAheadOfOthers(jobs);
        var ring = bell.TakeRing(WakeUp.Jobs, ahead);
        var storing = new Storing(database, jobs, lanes.Of, patience, ring);
        var answers = await storing.CarryOutAsync((batch, read) => database.RunAsync(batch, read, CancellationToken.None)).ConfigureAwait(false);
        if (storing.WakeUps is WakeUp.None)
            return answers;
        stored(storing.WakeUps, ahead);
        bell.RingOthers(ring is null ? storing.WakeUps : storing.WakeUps & ~WakeUp.Jobs, ahead);
        return answers;
    }
}
