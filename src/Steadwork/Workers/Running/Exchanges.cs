using System.Collections.Concurrent;
using Steadwork.Status;
using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>
/// A worker's exchanges with its store: which ends of attempts are still to be told, what is on its way, and which jobs the
/// worker holds by the answers. Only <see cref="Tell"/> may be called by others than the thread of the loop.
/// </summary>
internal sealed class Exchanges(IJobStore store, WorkerParts parts, Action wake)
{
    private static readonly TimeSpan PutOffFor = TimeSpan.FromMilliseconds(500);

    private readonly IReadOnlyList<string> types = parts.Catalog.Runnable;
    private readonly ClaimRule rule = parts.Options.ClaimRule;
    private readonly IReadOnlyList<string> tags = parts.Options.OwnTags;
    private readonly ConcurrentQueue<ToldEnd> outbox = new();
    private readonly List<ToldEnd> ends = [];
    private readonly List<ToldEnd> putOff = [];
    private readonly List<Asked> underWay = [];
    private readonly HashSet<LeaseToken> held = [];
    private int wakingAt = 1;
    private long lastAsked;
    private long lastPutOff;

    /// <summary>One that the store has not answered yet.</summary>
    private sealed record Asked(Task<Exchange> Answer, Incarnation Incarnation, ToldEnd[] Ends, int Wanted, bool WasRung, bool AfterLoss);

    /// <summary>How many ends are ready to be told.</summary>
    public int Ends => ends.Count;

    /// <summary>Whether there is one that the store has not answered yet.</summary>
    public bool IsUnderWay => underWay.Count > 0;

    /// <summary>
    /// An answer got lost: what it may have brought is asked for by the next one, which goes alone, since what the worker
    /// holds can be told only when nothing is on its way to it.
    /// </summary>
    public bool AnswerLost { get; private set; }

    /// <summary>Whether the worker holds nothing and waits for no answer.</summary>
    public bool IsIdle => held.Count == 0 && underWay.Count == 0 && !AnswerLost;

    /// <summary>What it holds besides the jobs whose ends it tells, with what is on its way to it.</summary>
    public int Holding => held.Count - ends.Count + underWay.Sum(asked => asked.Wanted - asked.Ends.Length);

    /// <summary>How long ago it asked last.</summary>
    public TimeSpan SinceAsked => parts.Clock.GetElapsedTime(lastAsked);

    /// <summary>Whether another one may go beside what is under way.</summary>
    public bool MayAskBeside => underWay.Count < store.ExchangesAtOnce && !AnswerLost;

    /// <summary>An end that the store is to be told of. Wakes the loop if that waits for no more.</summary>
    public void Tell(ToldEnd end)
    {
        outbox.Enqueue(end);
        if (outbox.Count >= Volatile.Read(ref wakingAt))
            wake();
    }

    /// <summary>How long to wait, unless something else than ends wakes the loop, for so many of them: a thread that woke at each would do nothing else.</summary>
    public TimeSpan Await(int moreEnds, TimeSpan wait)
    {
        if (putOff.Count > 0 && wait > PutOffFor)
            wait = PutOffFor;
        Interlocked.Exchange(ref wakingAt, moreEnds);
        return outbox.Count >= moreEnds ? TimeSpan.Zero : wait;
    }

    /// <summary>Makes the ends ready that were told meanwhile, and those whose time has come again.</summary>
    public void Gather()
    {
        while (outbox.TryDequeue(out var end))
            ends.Add(end);
        if (putOff.Count == 0 || parts.Clock.GetElapsedTime(lastPutOff) < PutOffFor)
            return;
        ends.AddRange(putOff);
        putOff.Clear();
    }

    /// <summary>Tells the ends that are ready, and asks for so many jobs.</summary>
    public void Ask(int wanted, bool wasRung, Incarnation incarnation)
    {
        lastAsked = parts.Clock.GetTimestamp();
        var claim = wanted > 0 || AnswerLost ? new ClaimRequest(parts.Options.ServedQueues, types, wanted, Holding, AnswerLost ? held : null) { Rule = rule, Tags = tags, IsRung = wasRung } : null;
        var answer = ExchangeAsync(incarnation.Id, ends.ConvertAll(told => told.End), claim);
        underWay.Add(new Asked(answer, incarnation, [.. ends], wanted, wasRung, AnswerLost));
        ends.Clear();
        // Where the loop waits for it, nobody needs to wake it.
        if (store.ExchangesAtOnce > 1)
            answer.ContinueWith(static (_, wake) => ((Action)wake!)(), wake, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>The next answer that is there; where only one exchange is under way at a time, it is waited for. Null when there is none.</summary>
    /// <exception cref="Exception">The answer got lost, for whatever reason.</exception>
    public Answered? Hear()
    {
        if (underWay.Find(asked => store.ExchangesAtOnce == 1 || asked.Answer.IsCompleted) is not { } asked)
            return null;
        underWay.Remove(asked);
        Exchange answer;
        try
        {
            answer = asked.Answer.GetAwaiter().GetResult();
        }
        catch
        {
            // It may have been carried out all the same. The ends go into the next exchange, which also asks for what this one
            // may have claimed.
            ends.InsertRange(0, asked.Ends);
            AnswerLost = true;
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
            AnswerLost = false;
        asked.Incarnation.Took(answer.Claimed.Count);
        held.UnionWith(answer.Claimed.Select(job => job.Lease));
        return new Answered(answer, asked.Ends, asked.Incarnation, asked.Wanted, asked.WasRung);
    }

    /// <summary>Whatever it throws is its answer.</summary>
    private async Task<Exchange> ExchangeAsync(WorkerId worker, List<AttemptEnd> told, ClaimRequest? claim) =>
        await store.ExchangeAsync(worker, told, claim, CancellationToken.None).ConfigureAwait(false);

    /// <summary>Its handler has ended the job in a transaction, and that is open still: it is told again before long.</summary>
    private void PutOff(ToldEnd told)
    {
        putOff.Add(told);
        lastPutOff = parts.Clock.GetTimestamp();
    }

    private void Settled(ToldEnd told, bool accepted, bool afterLoss)
    {
        var (end, incarnation, attempt, mayHaveEnded) = told;
        held.Remove(end.Lease);
        incarnation.LetGo();
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
}

/// <summary>An end that the store is to be told of.</summary>
/// <param name="End">What became of the attempt.</param>
/// <param name="Incarnation">The life of the worker in which it ran.</param>
/// <param name="Attempt">Its number.</param>
/// <param name="MayHaveEnded">Whether its handler has ended the job itself, in a transaction of which the outcome is not known.</param>
internal readonly record struct ToldEnd(AttemptEnd End, Incarnation Incarnation, int Attempt, bool MayHaveEnded = false);

/// <summary>What the store answered.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Told">The ends that it was told.</param>
/// <param name="Incarnation">The life of the worker in which it was asked.</param>
/// <param name="Wanted">How many jobs were asked for.</param>
/// <param name="WasRung">Whether a wake-up led to it.</param>
internal sealed record Answered(Exchange Answer, IReadOnlyList<ToldEnd> Told, Incarnation Incarnation, int Wanted, bool WasRung);
