using FsCheck;
using FsCheck.Fluent;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Model;

/// <summary>A sequence of commands, as a failing test shows it.</summary>
internal sealed record Sequence(IReadOnlyList<Command> Commands)
{
    public override string ToString() => string.Join('\n', Commands);
}

/// <summary>Random sequences, which shrink by leaving out commands.</summary>
internal static class Sequences
{
    private static readonly Gen<int> Any = Gen.Choose(0, 1000);
    private static readonly Gen<string> Kind = Gen.Elements(Transitions.ByName.Keys);

    private static readonly Gen<bool> Coin = Gen.Elements(true, false);

    /// <summary>Jobs with some of what jobs can have.</summary>
    /// <param name="can">Which of it may be there: a delay, a unique key, an exclusive key, an expiry, requirements.</param>
    private static Gen<NewJob> JobWith(bool[] can) =>
        from queue in Gen.Elements("a", "b")
        from type in Gen.Elements("x", "y")
        from priority in Gen.Choose(1, 3)
        from delay in Sometimes(can[0], Gen.Choose(1, 90_000), (1, 3))
        from key in Sometimes(can[1], Gen.Elements("k", "l"), (1, 2))
        from exclusive in Sometimes(can[2], Gen.Elements("e", "f"), (2, 3))
        from together in Gen.Choose(1, 2)
        from scope in Gen.Elements(Enum.GetValues<UniqueScope>())
        from uniqueFor in Sometimes(true, Gen.Choose(1, 90_000), (1, 2))
        from expiresIn in Sometimes(can[3], Gen.Choose(1, 90_000), (1, 3))
        from payload in Gen.Elements("{}", "{}", "[]")
        from attempts in Gen.Choose(1, 3)
        from taken in Gen.Elements(Enum.GetValues<WhenTaken>())
        from requires in Sometimes(can[4], Gen.Elements<string[]>(["g"], ["h"], ["h", "g"]), (2, 3))
        select Some.Job with
        {
            Queue = queue,
            Type = type,
            Priority = priority,
            Delay = TimeSpan.FromMilliseconds(delay.SingleOrDefault()),
            UniqueKey = key.SingleOrDefault(),
            UniqueScope = scope,
            UniqueFor = key is not [] && uniqueFor is [var time] ? TimeSpan.FromMilliseconds(time) : null,
            ExpiresIn = expiresIn is [var life] ? TimeSpan.FromMilliseconds(life) : null,
            Payload = Some.Json(payload),
            ExclusiveKey = exclusive.SingleOrDefault(),
            ExclusiveLimit = exclusive is [] ? 1 : together,
            WhenTaken = taken,
            MaxAttempts = attempts,
            Tags = [queue + type],
            Requires = requires.SingleOrDefault() ?? [],
        };

    /// <summary>One of something, or none of it.</summary>
    private static Gen<T[]> Sometimes<T>(bool ever, Gen<T> something, (int With, int Without) odds) =>
        Gen.Frequency((odds.Without, Gen.Constant<T[]>([])), (ever ? odds.With : 0, something.Select(one => new[] { one })));

    private static readonly Gen<JobQuery> Query =
        from state in Gen.Elements<JobState?>([null, .. JobStates.All.Select(state => (JobState?)state)])
        from queue in Gen.Elements<string?>(null, "a", "b")
        from tag in Gen.Elements<string?>(null, null, "ax", "by")
        from text in Gen.Elements<string?>(null, null, "PIPE", "rows", "lost", "{}")
        from before in Gen.Choose(1, 12)
        from limit in Gen.Choose(1, 5)
        from batch in Gen.Elements<long?>(null, null, 1, 2)
        select new JobQuery { State = state, Queue = queue, Batch = batch is { } number ? new BatchId(number) : null, Tag = tag, Text = text, Before = new JobId(before), Limit = limit };

    // Not those that draw: they are held to their weights by tests of their own.
    private static readonly Gen<ClaimRule> Rule = Gen.Frequency(
        (3, Gen.Constant(ClaimRule.Default)),
        (2, from order in Gen.Elements(ClaimOrder.Priority, ClaimOrder.Fifo, ClaimOrder.Lifo)
            from ageing in Gen.Elements<int?>(null, 1_000, 30_000)
            from sharing in Gen.Elements(QueueSharing.Together, QueueSharing.InOrder)
            select new ClaimRule { Order = order, Ageing = order is ClaimOrder.Priority && ageing is { } interval ? TimeSpan.FromMilliseconds(interval) : null, Sharing = sharing }));

    // Most workers have the same, lest there be no order to tell.
    private static readonly Gen<ClaimRule> Registered = Gen.Frequency((2, Gen.Constant(new ClaimRule { Order = ClaimOrder.Lifo })), (1, Rule));

    private static readonly Gen<(string, int, Overlap, CatchUpRule)> Scheduled =
        from name in Gen.Elements("s", "t")
        from seconds in Gen.Elements(10, 30, 3600)
        from overlap in Gen.Elements(Enum.GetValues<Overlap>())
        from missed in Gen.Elements(Enum.GetValues<MissedTicks>())
        from grace in Gen.Elements(0, 60)
        select (name, seconds, overlap, new CatchUpRule { Missed = missed, Grace = TimeSpan.FromSeconds(grace), Most = 3 });

    private static readonly Gen<RetentionRules> Retention =
        from kept in Gen.Elements(5_000, 60_000, 6_000_000).ArrayOf(3)
        from queue in Gen.Frequency((1, Gen.Constant<string?>(null)), (2, Gen.Elements<string?>("a", "b")))
        from own in Gen.Elements(-1, 5_000, 60_000)
        from log in Gen.Elements(-1, 60_000, 3_600_000)
        select new RetentionRules(
            [
                .. queue is null ? [] : new[] { new RetentionRule(TimeSpan.FromMilliseconds(own)) { Queue = queue } },
                new(TimeSpan.FromMilliseconds(kept[0])) { State = JobState.Succeeded },
                new(TimeSpan.FromMilliseconds(kept[1])) { State = JobState.Cancelled },
                new(TimeSpan.FromMilliseconds(kept[2])) { State = JobState.Failed },
            ],
            TimeSpan.FromMilliseconds(log));

    /// <summary>What happens in every sequence.</summary>
    /// <param name="jobs">The jobs that there are.</param>
    /// <param name="kinds">How attempts end.</param>
    /// <param name="clock">Whether the wall clock is set forward (1) or back (-1). Not both: what a store forgets once its time is over does not come back with an earlier time.</param>
    private static (int, Gen<Command>)[] Usual(Gen<NewJob> jobs, Gen<string> kinds, int clock) =>
    [
        (8, from view in Any from job in jobs from count in Gen.Choose(1, 3) select (Command)new Enqueue(view, job, count)),
        (3, from view in Any from capacity in Gen.Choose(1, 4) from tags in Gen.Elements<string[]>([], ["g"], ["h"], ["g", "h"], ["g", "h"]) from rule in Registered select (Command)new Start(view, capacity, tags, rule)),
        (8, from worker in Any from max in Gen.Choose(0, 4) from rule in Rule select (Command)new Claim(worker, max, rule)),
        (9, from worker in Any from held in Any from kind in kinds from next in Gen.Choose(0, 2) select (Command)new Settle(worker, held, kind, next)),
        (4, Gen.Constant<Command>(new Recover())),
        (4, from time in Gen.Choose(0, 40_000) from wall in Gen.Elements(0, 0, 0, 0, 120) select (Command)new Pass(time, wall * clock)),
    ];

    private static (int, Gen<Command>)[] Other(Gen<NewJob> jobs, Gen<string> kinds) =>
    [
        (5, from view in Any from job in jobs from count in Gen.Choose(1, 3) from parents in Any.ListOf(2) from anyway in Gen.Elements(false, false, true)
            select (Command)new EnqueueChain(view, job with { RunsAnyway = anyway }, count, [.. parents])),
        (4, from view in Any from job in jobs from count in Gen.Choose(0, 3) from follower in jobs from follows in Gen.Choose(0, 3) from open in Gen.Elements(false, false, true)
            select (Command)new AddBatch(view, job, count, follows == 0 ? null : follower with { RunsAnyway = follows == 1 }, open)),
        (3, from view in Any from job in jobs from count in Gen.Choose(1, 2) from batch in Any select (Command)new AddToBatch(view, job, count, batch)),
        (2, from view in Any from batch in Any select (Command)new CloseBatch(view, batch)),
        (2, from worker in Any from max in Gen.Choose(0, 2) select (Command)new ClaimUnheard(worker, max)),
        (4, from past in Any from worker in Any from kind in kinds select (Command)new SettleStale(past, worker, kind)),
        (6, from worker in Any from held in Any select (Command)new Mark(worker, held, Ended: false)),
        (2, from worker in Any from held in Any select (Command)new Mark(worker, held, Ended: true)),
        (2, from worker in Any from held in Any select (Command)new Progress(worker, held)),
        (3, from worker in Any select (Command)new Renew(worker)),
        (3, from worker in Any select (Command)new Kill(worker)),
        (1, from worker in Any select (Command)new End(worker)),
        (6, from view in Any from request in Gen.Elements(Enum.GetValues<JobRequest>()) from job in Any select (Command)new Ask(view, request, job)),
        (2, from view in Any from which in Gen.Choose(0, 3) from paused in Gen.Elements(true, false, false)
            select (Command)new SetPause(view, which < 2 ? PauseScope.Queue : PauseScope.Type, new[] { "a", "b", "x", "y" }[which], paused)),
        (3, from view in Any from which in Gen.Choose(0, 6) from starts in Gen.Choose(1, 3) from seconds in Gen.Elements(5, 20, 60) from smooth in Gen.Elements(false, false, true) from gone in Gen.Elements(true, false)
            select (Command)new SetLimit(view, new RateLimit(which < 2 ? LimitScope.Queue : which < 4 ? LimitScope.Type : LimitScope.Key, new[] { "a", "b", "x", "y", "e", "f", "e*" }[which], starts, TimeSpan.FromSeconds(seconds)) { Smooth = smooth }, gone)),
        (1, from view in Any from open in Gen.Elements(true, false, false) select (Command)new Switch(view, open)),
        (3, from view in Any from schedules in Scheduled.ListOf(2) from program in Gen.Elements<string?>(null, "p", "p") from version in Gen.Choose(1, 2) from replace in Gen.Elements(false, true)
            select (Command)new Define(view, [.. schedules], program, version, program is null && replace)),
        (5, from view in Any select (Command)new TickTwice(view)),
        (1, from view in Any from name in Gen.Elements("s", "t") select (Command)new RemoveSchedule(view, name)),
        (1, from view in Any from name in Gen.Elements("s", "t") from paused in Gen.Elements(true, false, false) select (Command)new SetPause(view, PauseScope.Schedule, name, paused)),
        (2, from view in Any from name in Gen.Elements("s", "t") from paused in Gen.Elements(true, false) select (Command)new HoldSchedule(view, name, paused)),
        (2, from view in Any from name in Gen.Elements("s", "t") select (Command)new Trigger(view, name)),
        (4, from view in Any from rules in Retention from most in Gen.Choose(1, 4) select (Command)new Prune(view, rules, most)),
        (3, from view in Any from job in Any select (Command)new Stand(view, job)),
        (1, from view in Any from rules in Retention select (Command)new SetRetention(view, rules)),
        (1, from view in Any select (Command)new DefineQueue(view, "b")),
        (1, from view in Any from query in Query select (Command)new Look(view, query)),
    ];

    // Each sequence goes without about half of all that there is: where everything may come between, what needs several steps after each other
    // hardly ever comes about (Groce et al., Swarm Testing, ISSTA 2012).
    private static readonly Gen<Sequence> Random =
        from can in Gen.Elements(true, true, false).ArrayOf(5)
        from happens in Coin.ArrayOf(Other(JobWith(new bool[5]), Kind).Length)
        from kinds in Coin.ArrayOf(Transitions.ByName.Count)
        from clock in Gen.Elements(1, -1)
        let jobs = JobWith(can)
        let kind = Gen.Elements(Transitions.ByName.Keys.Where((_, place) => kinds[place] || !kinds.Contains(true)))
        from steps in Gen.Frequency([.. Usual(jobs, kind, clock), .. Other(jobs, kind).Where((_, place) => happens[place])]).ListOf()
        select new Sequence([.. steps]);

    public static Arbitrary<Sequence> Arbitrary { get; } = Arb.From(Random, Shrink);

    /// <summary>The sequence without each of its halves, quarters and so on, down to single commands.</summary>
    private static IEnumerable<Sequence> Shrink(Sequence sequence)
    {
        var commands = sequence.Commands;
        for (var length = commands.Count / 2; length > 0; length /= 2)
        {
            for (var from = 0; from < commands.Count; from += length)
                yield return new Sequence([.. commands.Take(from), .. commands.Skip(from + length)]);
        }
    }
}
