using System.Collections.Concurrent;
using System.Threading.Channels;
using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>
/// Keeps the slots at work: decides when to tell the store of ended attempts and to take the next jobs, in the same
/// transaction, while the slots go on with what was claimed ahead.
/// </summary>
internal sealed class RunningLoop : WorkerLoop
{
    // Ends are held back a little while there is enough to run, so that short jobs share their commits.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StaleBuffer = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);
    // For what others hold at the moment, what is due or what they looked at and did not take, and for what was not looked at before a job that was waited for.
    private static readonly TimeSpan OthersHold = TimeSpan.FromMilliseconds(20);

    private readonly IJobStore store;
    private readonly WorkerParts parts;
    private readonly Func<Incarnation> current;
    private readonly Action<DateTimeOffset?> heard;
    private readonly Exchanges exchanges;
    private readonly PrefetchDepth depth;
    private readonly OwnCalls ownCalls;
    private readonly Channel<ClaimedAhead> buffer = Channel.CreateUnbounded<ClaimedAhead>();
    private readonly ConcurrentDictionary<LeaseToken, JobRun> running = [];
    private readonly ConcurrentDictionary<LeaseToken, string> unbegunCancelled = [];
    private readonly ConcurrentDictionary<LeaseToken, CancellationTokenSource> atGate = [];
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int aloneHeld;
    private volatile bool closing;
    private volatile bool rung = true;
    private bool lastClaimWasFull;
    private long? looksAgainFrom;
    private TimeSpan leastWait = LeastWait;
    private long lastTaken;
    private DateTimeOffset? nextDue;
    private volatile IReadOnlyList<string> shut = [];

    /// <param name="store">Where the jobs are.</param>
    /// <param name="parts">What the worker consists of.</param>
    /// <param name="current">Its present life.</param>
    /// <param name="heard">Is told when the next schedule ticks.</param>
    public RunningLoop(IJobStore store, WorkerParts parts, Func<Incarnation> current, Action<DateTimeOffset?> heard)
        : base("running", parts.Logger)
    {
        this.heard = heard;
        this.store = store;
        this.parts = parts;
        this.current = current;
        exchanges = new Exchanges(store, parts, Wake);
        depth = new PrefetchDepth(parts.Options.Concurrency, parts.Options.Prefetch, parts.Options.MaxPrefetch);
        ownCalls = new OwnCalls(parts.Catalog);
        parts.OnAbandoned = OnAbandoned;
        for (var slot = 0; slot < parts.Options.Concurrency; slot++)
            StartSlot();
    }

    /// <summary>The most jobs that it may hold at once.</summary>
    public static int Capacity(WorkerOptions options) => 2 * (options.Concurrency + options.MaxPrefetch);

    /// <summary>The attempts under way.</summary>
    public ICollection<JobRun> Running => running.Values;

    /// <summary>Done once the loop has been closed and the store has been told of everything.</summary>
    public Task WhenIdle => idle.Task;

    /// <summary>Jobs may have become claimable.</summary>
    public void Ring()
    {
        rung = true;
        Wake();
    }

    /// <summary>Claims no more, and gives back what has not begun.</summary>
    public void Close()
    {
        closing = true;
        foreach (var wait in atGate.Values)
            wait.Cancel();
        Wake();
    }

    /// <summary>
    /// Cancels a job that this worker holds. One that has been claimed and not begun is given back with all that is claimed
    /// ahead, upon which the store cancels it; if its slot takes it in that moment, it is not begun.
    /// </summary>
    public void Cancel(LeaseToken lease, string reason)
    {
        if (!running.ContainsKey(lease))
            unbegunCancelled[lease] = reason;
        if (atGate.TryGetValue(lease, out var wait))
            wait.Cancel();
        if (running.TryGetValue(lease, out var run))
            run.Stop(StopReason.Cancelled, reason);
        Wake();
    }

    protected override TimeSpan Step()
    {
        HearAnswers();
        if (closing || BufferIsStale() || (!unbegunCancelled.IsEmpty && buffer.Reader.Count > 0))
            HandBack();
        if (closing && exchanges.IsIdle)
            idle.TrySetResult();
        if (!current().Holds)
            parts.OnLeaseInDoubt();
        exchanges.Gather();
        var wanted = Wanted();
        if (exchanges.Ends == 0 && !exchanges.AnswerLost && !(wanted > 0 && WorthAsking()))
            return exchanges.Await(1, UntilNext(wanted));
        if (EndsForAnother() is var more and > 0)
            return exchanges.Await(more, parts.Options.PollInterval);
        if (EndsToLingerFor(wanted) is var few and > 0)
            return exchanges.Await(few, Linger - exchanges.SinceAsked);
        var wasRung = rung;
        if (wanted > 0)
        {
            rung = false;
            if (UntilLook <= TimeSpan.Zero)
                looksAgainFrom = null;
        }
        exchanges.Ask(wanted, wasRung, current());
        return TimeSpan.Zero;
    }

    /// <summary>With how many an exchange is well filled: the larger, the less each costs, but what it asks for is needed while there is something to run yet.</summary>
    private int EnoughForOne => Math.Max(1, depth.Target / 4);

    /// <summary>How many ends are lacking for an exchange beside what is under way.</summary>
    private int EndsForAnother() => !exchanges.IsUnderWay ? 0 : exchanges.MayAskBeside ? EnoughForOne - exchanges.Ends : int.MaxValue;

    private void HearAnswers()
    {
        try
        {
            while (exchanges.Hear() is { } answered)
                Deliver(answered);
        }
        catch
        {
            // What was lost may be what a wake-up was for.
            rung = true;
            throw;
        }
    }

    private void Deliver(Answered answered)
    {
        var (answer, told, incarnation, wanted, wasRung) = answered;
        foreach (var end in told)
            unbegunCancelled.TryRemove(end.End.Lease, out _);
        nextDue = answer.NextDue;
        leastWait = answer.Claimed.Count == 0 && nextDue <= store.Now ? OthersHold : LeastWait;
        heard(answer.NextTick);
        shut = answer.Shut;
        ownCalls.Forget();
        if (wanted > 0)
        {
            lastClaimWasFull = answer.Claimed.Count >= wanted;
            if (wasRung && answer.MayHaveMissed)
                looksAgainFrom = parts.Clock.GetTimestamp();
        }
        Volatile.Write(ref lastTaken, parts.Clock.GetTimestamp());
        foreach (var job in answer.Claimed)
        {
            if (job.Alone)
                Interlocked.Increment(ref aloneHeld);
            buffer.Writer.TryWrite(new ClaimedAhead(job, incarnation, answer.Shut));
        }
        if (!answer.Alive)
            parts.OnLeaseInDoubt();
    }

    private int Wanted()
    {
        if (closing || Volatile.Read(ref aloneHeld) > 0 || !current().Holds)
            return 0;
        // While a worker that has nothing yet waits for all that it may hold, its slots would stand still.
        return exchanges.IsIdle ? Math.Max(parts.Options.Concurrency, EnoughForOne) : Math.Max(0, depth.Target - exchanges.Holding);
    }

    /// <summary>Whether a claim may find something: after a wake-up, and once more when others have let go of what they looked at, at the time of a delayed job, where more is known to wait, or at the poll.</summary>
    private bool WorthAsking() =>
        rung || UntilLook <= TimeSpan.Zero || lastClaimWasFull || nextDue <= store.Now || exchanges.SinceAsked >= parts.Options.PollInterval;

    /// <summary>For how long to leave it to others what may have been missed; endless when nothing was.</summary>
    private TimeSpan UntilLook => looksAgainFrom is { } from ? OthersHold - parts.Clock.GetElapsedTime(from) : TimeSpan.MaxValue;

    /// <summary>How many ends to linger for: until there are enough, or half of what is to be claimed would be wanted soon. None when it is time.</summary>
    private int EndsToLingerFor(int wanted)
    {
        var ahead = buffer.Reader.Count;
        // With each end there is one less ahead and one more wanted.
        return closing || exchanges.SinceAsked >= Linger ? 0 : Math.Min(EnoughForOne - exchanges.Ends, Math.Min(ahead, (2 * ahead - wanted + 2) / 3));
    }

    /// <summary>How long nothing but a wake-up can give this loop something to do.</summary>
    private TimeSpan UntilNext(int wanted)
    {
        var wait = parts.Options.PollInterval;
        if (wanted > 0)
        {
            wait -= exchanges.SinceAsked;
            if (nextDue - store.Now is { } due && due < wait)
                wait = due;
            if (UntilLook < wait)
                wait = UntilLook;
        }
        if (buffer.Reader.Count > 0 && wait > StaleBuffer)
            wait = StaleBuffer;
        return wait > leastWait ? wait : leastWait;
    }

    /// <summary>Jobs claimed ahead that are stuck behind a longer one than expected: another worker may have a free slot.</summary>
    private bool BufferIsStale() =>
        buffer.Reader.Count > 0 && parts.Clock.GetElapsedTime(Volatile.Read(ref lastTaken)) > StaleBuffer;

    private void HandBack()
    {
        depth.Stuck();
        while (buffer.Reader.TryRead(out var waiting))
            GiveBack(waiting.Job, waiting.Incarnation);
    }

    private void GiveBack(ClaimedJob job, Incarnation incarnation)
    {
        if (job.Alone)
            Interlocked.Decrement(ref aloneHeld);
        exchanges.Tell(new ToldEnd(new AttemptEnd(job.Id, job.Lease, new Transition.Release(Started: false), null), incarnation, job.Attempt));
    }

    private void StartSlot() => _ = SlotAsync();

    private async Task SlotAsync()
    {
        await Task.Yield();
        await foreach (var ahead in buffer.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (!await RunAsync(ahead).ConfigureAwait(false))
                return;
        }
    }

    /// <returns>False when the slot was taken from this run meanwhile, and given to a new one.</returns>
    private async Task<bool> RunAsync(ClaimedAhead ahead)
    {
        var (job, incarnation, _) = ahead;
        Volatile.Write(ref lastTaken, parts.Clock.GetTimestamp());
        // The lease is looked at after the gate, which may hold the job up for longer than the lease lasts.
        if (!await PassGateAsync(job).ConfigureAwait(false) || !incarnation.Holds || unbegunCancelled.ContainsKey(job.Lease) || IsShutOut(ahead))
        {
            GiveBack(job, incarnation);
            Wake();
            return true;
        }
        using var run = new JobRun(job, incarnation, parts);
        running[job.Lease] = run;
        // Asked for between the look above and the line before: whoever asked did not find it running yet.
        if (unbegunCancelled.TryGetValue(job.Lease, out var reason))
            run.Stop(StopReason.Cancelled, reason);
        incarnation.Session.Marks.Begun(job.Lease);
        var end = await run.ExecuteAsync().ConfigureAwait(false);
        if (end is not { } told)
            return false;
        depth.Took(run.Elapsed);
        Ended(run, told);
        return true;
    }

    /// <summary>
    /// Whether a breaker that it depends on has opened since it was claimed ahead. One that was open then has let it through: another version
    /// of the program has said last what its type depends on, and what is given back would only be claimed again.
    /// </summary>
    private bool IsShutOut(ClaimedAhead ahead) =>
        !ahead.Job.IsProbe && parts.Catalog.Find(ahead.Job.Type) is { Options.DependsOn: { Count: > 0 } breakers }
        && breakers.Any(breaker => !ahead.ShutThen.Contains(breaker) && (shut.Contains(breaker) || ownCalls.WouldOpen(breaker)));

    private async Task<bool> PassGateAsync(ClaimedJob job)
    {
        if (parts.StartGate is not { } gate)
            return true;
        var wait = new CancellationTokenSource();
        atGate[job.Lease] = wait;
        try
        {
            // Asked after it can be found by whoever ends the wait.
            if (closing || unbegunCancelled.ContainsKey(job.Lease))
                return false;
            if (await gate.PassAsync(wait.Token).ConfigureAwait(false))
                return true;
            Close();
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            atGate.TryRemove(job.Lease, out _);
        }
    }

    private void OnAbandoned(JobRun run, AttemptEnd end)
    {
        Ended(run, end);
        StartSlot();
    }

    private void Ended(JobRun run, AttemptEnd end)
    {
        running.TryRemove(run.Job.Lease, out _);
        ownCalls.Made(end.Calls);
        parts.StartGate?.Ended(end.Transition);
        run.Incarnation.Session.Marks.Ended(run.Job.Lease);
        if (run.Job.Alone)
            Interlocked.Decrement(ref aloneHeld);
        exchanges.Tell(new ToldEnd(end, run.Incarnation, run.Job.Attempt, run.MayHaveEnded));
    }

    public override void Dispose()
    {
        buffer.Writer.TryComplete();
        base.Dispose();
    }
}
