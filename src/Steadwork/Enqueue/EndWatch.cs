using System.Threading.Channels;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>
/// Waits for the ends of jobs. All who wait share one listener and one look at the store a wake-up: thousands of them would
/// otherwise each ask at the end of every job. While nobody waits there is neither.
/// </summary>
internal sealed class EndWatch(IStore store, TimeProvider clock)
{
    // A wake-up may get lost; this is the most that it may cost.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);
    // Jobs come with their payloads, which may be long: never more of them at once than this.
    private const int LookSize = 200;

    private readonly Lock gate = new();
    private readonly Dictionary<JobId, Awaited> awaited = [];
    private readonly Channel<bool> rings = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private bool watching;
    private bool someEnded;

    /// <summary>A job that somebody waits for.</summary>
    private sealed class Awaited
    {
        public TaskCompletionSource<Job> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }

        /// <summary>Whether it was there at the last look.</summary>
        public bool Seen { get; set; }

        /// <summary>Tells all who wait for it; null says that it is not there.</summary>
        public void Tell(Job? job, JobId id)
        {
            if (job is null)
                Fail(new JobNotFoundException(id, deleted: Seen));
            else
                Ended.TrySetResult(job);
        }

        public void Fail(Exception error)
        {
            Ended.TrySetException(error);
            // Looked at, lest it count as overlooked when the last who waited has just gone.
            _ = Ended.Task.Exception;
        }
    }

    /// <summary>The job, once it has ended.</summary>
    /// <exception cref="JobNotFoundException">There is no such job, or no longer.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked.</exception>
    public async Task<Job> WaitAsync(JobId id, CancellationToken cancellationToken)
    {
        var job = Join(id);
        try
        {
            return await job.Ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave(id, job);
        }
    }

    private Awaited Join(JobId id)
    {
        Awaited? job;
        lock (gate)
        {
            if (!awaited.TryGetValue(id, out job))
                awaited.Add(id, job = new Awaited());
            job.Waiters++;
            if (!watching)
                _ = WatchAsync();
            watching = true;
        }
        Ring();
        return job;
    }

    private void Leave(JobId id, Awaited job)
    {
        lock (gate)
        {
            if (--job.Waiters == 0 && awaited.GetValueOrDefault(id) == job)
                Take(id);
        }
    }

    /// <summary>Has the watch do its next step now.</summary>
    private void Ring() => rings.Writer.TryWrite(true);

    private void OnEnds()
    {
        Volatile.Write(ref someEnded, true);
        Ring();
    }

    /// <summary>Looks at each wake-up, until nobody waits.</summary>
    private async Task WatchAsync()
    {
        // Whoever is the first to wait must not do the looking for the others.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var listening = store.Listen(WakeUp.Ends, _ => OnEnds());
            using var poll = clock.CreateTimer(_ => OnEnds(), null, LongestSleep, LongestSleep);
            do
                await rings.Reader.ReadAsync().ConfigureAwait(false);
            while (await LookAsync().ConfigureAwait(false));
        }
        catch (Exception error)
        {
            FailAll(error);
        }
    }

    /// <returns>False when nobody waits: the watch is over.</returns>
    private async Task<bool> LookAsync()
    {
        if (Wanted() is not { } ids)
            return false;
        foreach (var some in ids.Chunk(LookSize))
        {
            var found = await store.FindAsync(new JobQuery { Ids = some }, CancellationToken.None).ConfigureAwait(false);
            Tell(some, found.ToDictionary(job => job.Id));
        }
        return true;
    }

    /// <summary>Whom to look for: all when some job has ended, else those that nobody has looked for yet; null when nobody waits.</summary>
    private JobId[]? Wanted()
    {
        lock (gate)
        {
            watching = awaited.Count > 0;
            var all = Interlocked.Exchange(ref someEnded, false);
            return watching ? [.. awaited.Where(job => all || !job.Value.Seen).Select(job => job.Key)] : null;
        }
    }

    private void Tell(JobId[] asked, Dictionary<JobId, Job> found)
    {
        foreach (var id in asked)
        {
            var job = found.GetValueOrDefault(id);
            if (job is { State: var state } && !state.IsEnded())
                See(id);
            else if (Take(id) is { } waiting)
                waiting.Tell(job, id);
        }
    }

    private void See(JobId id)
    {
        lock (gate)
        {
            if (awaited.TryGetValue(id, out var job))
                job.Seen = true;
        }
    }

    /// <summary>Takes a job from the list. Once that is empty, the watch is over.</summary>
    private Awaited? Take(JobId id)
    {
        lock (gate)
        {
            awaited.Remove(id, out var job);
            if (awaited.Count == 0)
                Ring();
            return job;
        }
    }

    private void FailAll(Exception error)
    {
        Awaited[] all;
        lock (gate)
        {
            all = [.. awaited.Values];
            awaited.Clear();
            watching = false;
        }
        foreach (var job in all)
            job.Fail(error);
    }
}
