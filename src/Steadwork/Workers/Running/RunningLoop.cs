using System.Collections.Concurrent;
using System.Threading.Channels;
using Steadwork.Status;
using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>
/// Keeps the slots at work: hands the ends of attempts to the store and takes the next jobs in the same transaction,
/// while the slots go on with what was claimed ahead.
/// </summary>
internal sealed class RunningLoop : WorkerLoop
{
    // Ends are held back a little while there is enough to run, so that short jobs share their commits.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StaleBuffer = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);
    // For what others hold at the moment: what is due, or what they looked at and did not take.
    private static readonly TimeSpan OthersHold = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PutOffFor = TimeSpan.FromMilliseconds(500);

    private readonly IJobStore store;
    private readonly WorkerParts parts;
    private readonly Func<Incarnation> current;
    private readonly Action<DateTimeOffset?> heard;
    private readonly IReadOnlyList<string> types;
    private readonly ClaimRule rule;
    private readonly IReadOnlyList<string> tags;
    private readonly PrefetchDepth depth;
    private readonly OwnCalls ownCalls;
    private readonly Channel<ClaimedAhead> buffer = Channel.CreateUnbounded<ClaimedAhead>();
    private readonly ConcurrentDictionary<LeaseToken, JobRun> running = [];
    private readonly ConcurrentDictionary<LeaseToken, string> unbegunCancelled = [];
    private readonly ConcurrentDictionary<LeaseToken, CancellationTokenSource> atGate = [];
    private readonly ConcurrentQueue<Told> outbox = new();
    private readonly List<Told> ends = [];
    private readonly List<Told> putOff = [];
    private readonly List<Asked> underWay = [];
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly HashSet<LeaseToken> held = [];
    private int aloneHeld;
    private int wakingAt = 1;

    /// <summary>An end that the store is to be told of.</summary>
    private readonly record struct Told(AttemptEnd End, Incarnation Incarnation, int Attempt, bool MayHaveEnded = false);

    /// <summary>An exchange that the store has not answered yet.</summary>
    private sealed record Asked(Task<Storage.Exchange> Answer, Incarnation Incarnation, Told[] Ends, int Wanted, bool WasRung, bool AfterLoss);

    private volatile bool closing;
    private volatile bool rung = true;
    private bool lastClaimWasFull;
    private bool answerLost;
    private bool looksAgain;
    private TimeSpan leastWait = LeastWait;
    private long lastAsked;
    private long lastTaken;
    private long lastPutOff;
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
        types = parts.Catalog.Runnable;
        rule = parts.Options.ClaimRule;
        tags = parts.Options.OwnTags;
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
        if (closing && held.Count == 0 && underWay.Count == 0 && !answerLost)
            idle.TrySetResult();
        if (!current().Holds)
            parts.OnLeaseInDoubt();
        while (outbox.TryDequeue(out var end))
            ends.Add(end);
        if (putOff.Count > 0 && parts.Clock.GetElapsedTime(lastPutOff) >= PutOffFor)
        {
            ends.AddRange(putOff);
            putOff.Clear();
        }
        var wanted = Wanted();
        if (ends.Count == 0 && !answerLost && !(wanted > 0 && WorthAsking()))
            return Await(1, UntilNext(wanted));
        if (underWay.Count > 0 && EndsForAnother() is var more and > 0)
            return Await(more, parts.Options.PollInterval);
        if (EndsToLingerFor(wanted) is var few and > 0)
            return Await(few, Linger - parts.Clock.GetElapsedTime(lastAsked));
        Ask(wanted);
        return TimeSpan.Zero;
    }

    /// <summary>How long to wait, unless something else than ends of attempts wakes it, for so many of them: a thread that woke at each would do nothing else.</summary>
    private TimeSpan Await(int moreEnds, TimeSpan wait)
    {
        Interlocked.Exchange(ref wakingAt, moreEnds);
        return outbox.Count >= moreEnds ? TimeSpan.Zero : wait;
    }

    /// <summary>With how many ends an exchange is well filled: the larger, the less each costs, but what it asks for is needed while there is something to run yet.</summary>
    private int EnoughEnds => Math.Max(1, depth.Target / 4);

    /// <summary>
    /// How many ends are lacking for an exchange beside the one that is under way. After a lost answer there is none: what the worker holds
    /// can be told only when nothing is on its way to it.
    /// </summary>
    private int EndsForAnother() => underWay.Count >= store.ExchangesAtOnce || answerLost ? int.MaxValue : EnoughEnds - ends.Count;

    private void Ask(int wanted)
    {
        var incarnation = current();
        var wasRung = rung;
        if (wanted > 0)
            rung = looksAgain = false;
        lastAsked = parts.Clock.GetTimestamp();
        var claim = wanted > 0 || answerLost ? new ClaimRequest(parts.Options.ServedQueues, types, wanted, Holding, answerLost ? held : null) { Rule = rule, Tags = tags } : null;
        var answer = ExchangeAsync(incarnation.Id, ends.ConvertAll(end => end.End), claim);
        underWay.Add(new Asked(answer, incarnation, [.. ends], wanted, wasRung, answerLost));
        ends.Clear();
        // Where it must be waited for anyhow, this thread needs nobody to wake it.
        if (store.ExchangesAtOnce == 1)
            HearAnswers(wait: true);
        else
            answer.ContinueWith(static (_, loop) => ((RunningLoop)loop!).Wake(), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Whatever it throws is its answer.</summary>
    private async Task<Storage.Exchange> ExchangeAsync(WorkerId worker, List<AttemptEnd> told, ClaimRequest? claim) =>
        await store.ExchangeAsync(worker, told, claim, CancellationToken.None).ConfigureAwait(false);

    private void HearAnswers(bool wait = false)
    {
        while (underWay.Find(asked => wait || asked.Answer.IsCompleted) is { } asked)
        {
            underWay.Remove(asked);
            Hear(asked);
        }
    }

    private void Hear(Asked asked)
    {
        Storage.Exchange answer;
        try
        {
            answer = asked.Answer.GetAwaiter().GetResult();
        }
        catch
        {
            // It may have been carried out all the same. The ends go into the next exchange, which also asks for what this one
            // may have claimed.
            ends.InsertRange(0, asked.Ends);
            rung = true;
            answerLost = true;
            throw;
        }
        for (var index = 0; index < asked.Ends.Length; index++)
        {
            if (answer.PutOff.Contains(index))
                PutOff(asked.Ends[index]);
            else
                Settled(asked.Ends[index], answer.Accepted[index], asked.AfterLoss);
        }
        if (asked.AfterLoss)
            answerLost = false;
        Deliver(answer, asked.Wanted, asked.Incarnation);
        if (asked.Wanted > 0)
            looksAgain = asked.WasRung && answer.MayHaveMissed;
        if (!answer.Alive)
            parts.OnLeaseInDoubt();
    }

    /// <summary>Its handler has ended the job in a transaction, and that is open still: it is told again before long.</summary>
    private void PutOff(Told told)
    {
        putOff.Add(told);
        lastPutOff = parts.Clock.GetTimestamp();
    }

    private void Settled(Told told, bool accepted, bool afterLoss)
    {
        var (end, incarnation, attempt, mayHaveEnded) = told;
        held.Remove(end.Lease);
        incarnation.LetGo();
        unbegunCancelled.TryRemove(end.Lease, out _);
        incarnation.Session.Marks.Settled(end.Lease);
        if (accepted && mayHaveEnded)
            parts.Logger.NotCommitted(end.Job, attempt);
        if (accepted || mayHaveEnded)
            return;
        if (afterLoss)
        {
            parts.Logger.EndToldTwice(end.Job, attempt, end.Lease, end.Transition.Name);
            return;
        }
        Telemetry.LateEnds.Add(1);
        parts.Logger.LateEndRefused(end.Job, attempt, end.Lease, end.Transition.Name);
    }

    private void Deliver(Storage.Exchange answer, int wanted, Incarnation incarnation)
    {
        nextDue = answer.NextDue;
        leastWait = answer.Claimed.Count == 0 && nextDue <= store.Now ? OthersHold : LeastWait;
        heard(answer.NextTick);
        shut = answer.Shut;
        ownCalls.Forget();
        if (wanted > 0)
            lastClaimWasFull = answer.Claimed.Count >= wanted;
        incarnation.Took(answer.Claimed.Count);
        Volatile.Write(ref lastTaken, parts.Clock.GetTimestamp());
        foreach (var job in answer.Claimed)
        {
            held.Add(job.Lease);
            if (job.Alone)
                Interlocked.Increment(ref aloneHeld);
            buffer.Writer.TryWrite(new ClaimedAhead(job, incarnation, answer.Shut));
        }
    }

    private int Wanted() =>
        closing || Volatile.Read(ref aloneHeld) > 0 || !current().Holds ? 0 : Math.Max(0, depth.Target - Holding);

    /// <summary>What it holds besides the jobs whose ends it tells, with what is on its way to it.</summary>
    private int Holding => held.Count - ends.Count + underWay.Sum(asked => asked.Wanted - asked.Ends.Length);

    /// <summary>Whether a claim may find something: after a wake-up, at the time of a delayed job, where more is known to wait, or at the poll.</summary>
    private bool WorthAsking() =>
        rung || looksAgain || lastClaimWasFull || nextDue <= store.Now || parts.Clock.GetElapsedTime(lastAsked) >= parts.Options.PollInterval;

    /// <summary>How many ends to linger for: until there are enough, or half of what is to be claimed would be wanted soon. None when it is time.</summary>
    private int EndsToLingerFor(int wanted)
    {
        var ahead = buffer.Reader.Count;
        // With each end there is one less ahead and one more wanted.
        return closing || parts.Clock.GetElapsedTime(lastAsked) >= Linger ? 0 : Math.Min(EnoughEnds - ends.Count, Math.Min(ahead, (2 * ahead - wanted + 2) / 3));
    }

    /// <summary>How long nothing but a wake-up can give this loop something to do.</summary>
    private TimeSpan UntilNext(int wanted)
    {
        var wait = parts.Options.PollInterval;
        if (wanted > 0)
        {
            wait -= parts.Clock.GetElapsedTime(lastAsked);
            if (nextDue - store.Now is { } due && due < wait)
                wait = due;
            if (looksAgain && wait > OthersHold)
                wait = OthersHold;
        }
        if (buffer.Reader.Count > 0 && wait > StaleBuffer)
            wait = StaleBuffer;
        if (putOff.Count > 0 && wait > PutOffFor)
            wait = PutOffFor;
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
        outbox.Enqueue(new Told(new AttemptEnd(job.Id, job.Lease, new Transition.Release(Started: false), null), incarnation, job.Attempt));
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
        outbox.Enqueue(new Told(end, run.Incarnation, run.Job.Attempt, run.MayHaveEnded));
        if (outbox.Count >= Volatile.Read(ref wakingAt))
            Wake();
    }

    public override void Dispose()
    {
        buffer.Writer.TryComplete();
        base.Dispose();
    }
}
