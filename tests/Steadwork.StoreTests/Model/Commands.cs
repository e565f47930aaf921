using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Model;

/// <summary>One step of a sequence. Numbers that pick something are taken modulo what there is, so that any part of a sequence is one itself.</summary>
internal abstract record Command
{
    protected const string Nothing = "nothing to do it with";

    /// <summary>Carries it out.</summary>
    /// <returns>What the store answered.</returns>
    public abstract Task<string> ApplyAsync(Subject subject);

    protected static string Show(Exchange exchange) =>
        $"accepted={string.Join(',', exchange.Accepted)} alive={exchange.Alive} due={Picture.Time(exchange.NextDue)} tick={Picture.Time(exchange.NextTick)} shut={string.Join(',', exchange.Shut)}\n"
        + string.Join('\n', exchange.Claimed.Select(Picture.Line));
}

internal sealed record Enqueue(int View, NewJob Job, int Count) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        try
        {
            var answers = await subject.View(View).EnqueueAsync([.. Enumerable.Repeat(Job, Count)], CancellationToken.None);
            foreach (var answer in answers)
                subject.Know(answer.Id);
            return string.Join('\n', answers);
        }
        catch (UniqueKeyTakenException taken)
        {
            return taken.Message;
        }
    }

    public override string ToString() =>
        $"Enqueue {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey}/{Job.ExclusiveLimit} key={Job.UniqueKey} {Job.UniqueScope} for={Job.UniqueFor} {Job.WhenTaken} attempts={Job.MaxAttempts} requires={string.Join(',', Job.Requires)} {Some.Text(Job.Payload)}";
}

/// <summary>Enqueues some jobs, the first of which comes after others, and each after the one before it.</summary>
internal sealed record EnqueueChain(int View, NewJob Job, int Count, IReadOnlyList<int> Parents) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var first = Job with { After = [.. Parents.Select(subject.PickJob).Distinct()] };
        var rest = Enumerable.Range(0, Count - 1).Select(place => Job with { AfterPlaces = [place], UniqueKey = null });
        try
        {
            var answers = await subject.View(View).EnqueueAsync([first, .. rest], CancellationToken.None);
            foreach (var answer in answers)
                subject.Know(answer.Id);
            return string.Join('\n', answers);
        }
        catch (ArgumentException refused) when (refused is ParentMissingException or UniqueKeyTakenException)
        {
            return refused.Message;
        }
    }

    public override string ToString() =>
        $"EnqueueChain {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey}/{Job.ExclusiveLimit} key={Job.UniqueKey} {Job.UniqueScope} for={Job.UniqueFor} {Job.WhenTaken} anyway={Job.RunsAnyway} requires={string.Join(',', Job.Requires)} after {string.Join(',', Parents)}";
}

/// <summary>Makes a batch of some jobs, with a follower or without.</summary>
internal sealed record AddBatch(int View, NewJob Job, int Count, NewJob? Follower, bool IsOpen) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        try
        {
            var stored = await subject.View(View).AddAsync(new NewBatch { Name = $"of {Count}", IsOpen = IsOpen, Jobs = [.. Enumerable.Repeat(Job, Count)], Follower = Follower });
            foreach (var answer in stored.Jobs.Append(stored.Follower ?? default))
                subject.Know(answer.Id);
            subject.Know(stored.Id);
            return $"{stored.Id} {stored.Follower}\n{string.Join('\n', stored.Jobs)}";
        }
        catch (UniqueKeyTakenException taken)
        {
            return taken.Message;
        }
    }

    public override string ToString() =>
        $"AddBatch {(IsOpen ? "open" : "closed")} {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey} key={Job.UniqueKey} {Job.WhenTaken}, then {(Follower is null ? "nothing" : $"{Follower.Queue}/{Follower.Type} delay={Follower.Delay} expires={Follower.ExpiresIn} exclusive={Follower.ExclusiveKey} key={Follower.UniqueKey} {Follower.UniqueScope} anyway={Follower.RunsAnyway}")}";
}

/// <summary>Adds some jobs to a batch.</summary>
internal sealed record AddToBatch(int View, NewJob Job, int Count, int Batch) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        try
        {
            var answers = await subject.View(View).EnqueueAsync([.. Enumerable.Repeat(Job with { Batch = subject.PickBatch(Batch) }, Count)], CancellationToken.None);
            foreach (var answer in answers)
                subject.Know(answer.Id);
            return string.Join('\n', answers);
        }
        catch (ArgumentException refused) when (refused is BatchNotOpenException or UniqueKeyTakenException)
        {
            return refused.Message;
        }
    }

    public override string ToString() => $"AddToBatch {Batch}: {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey} key={Job.UniqueKey} {Job.WhenTaken}";
}

internal sealed record CloseBatch(int View, int Batch) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) => $"{await subject.View(View).CloseAsync(subject.PickBatch(Batch))}";
}

internal sealed record Start(int View, int Capacity, string[] Tags, ClaimRule Rule) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var dep = new BreakerDefinition("dep") { MinimumCalls = 2, Window = TimeSpan.FromSeconds(20), BreakTime = TimeSpan.FromSeconds(30), Probes = 1 + (Capacity % 2) };
        var worker = await subject.View(View).StartAsync(["a", "b"], ["x", "y"], Capacity, tags: Tags, rule: Rule, breakers: [dep], typeBreakers: [new TypeBreakers("y", ["dep"])]);
        subject.Hire(worker);
        return worker.Id.ToString();
    }

    public override string ToString() => $"Start {Capacity} with {string.Join(',', Tags)}, {Rule.Order} {Rule.Ageing}";
}

internal sealed record Claim(int Worker, int Max, ClaimRule Rule) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand)
            return Nothing;
        var exchange = await hand.Worker.ExchangeAsync([], Max, hand.Held.Count, rule: Rule);
        hand.Held.AddRange(exchange.Claimed);
        return Show(exchange);
    }
}

/// <summary>Claims, and the answer gets lost; then asks again, for that as well.</summary>
internal sealed record ClaimUnheard(int Worker, int Max) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand)
            return Nothing;
        await hand.Worker.ExchangeAsync([], Max, hand.Held.Count);
        var exchange = await hand.Worker.ExchangeAsync([], Max, hand.Held.Count, [.. hand.Held.Select(job => job.Lease)]);
        hand.Held.AddRange(exchange.Claimed);
        return Show(exchange);
    }
}

internal sealed record Settle(int Worker, int Held, string Kind, int ClaimNext) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand || hand.Pick(Held) is not { } job)
            return Nothing;
        var now = subject.Clock.GetUtcNow();
        var transition = Transitions.ByName[Kind](now);
        var end = new AttemptEnd(job.Id, job.Lease, transition, Held % 2 == 0 ? now : null)
        {
            Calls = job.Type == "y" && transition is Transition.Succeed or Transition.Fail or Transition.Retry ? [new DependencyCall("dep", transition is not Transition.Succeed, job.IsProbe)] : null,
        };
        var exchange = await hand.Worker.ExchangeAsync([end], ClaimNext, hand.Held.Count - 1);
        hand.Worker.Marks.Settled(job.Lease);
        subject.LetGo(hand, job);
        hand.Held.AddRange(exchange.Claimed);
        return Show(exchange);
    }
}

/// <summary>Settles what has been settled before, or is lost, or was somebody else's.</summary>
internal sealed record SettleStale(int Past, int Worker, string Kind) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickPast(Past) is not { } past || subject.PickHand(Worker) is not { } hand)
            return Nothing;
        return (await hand.Worker.SettleAsync(past.Job, Transitions.ByName[Kind](subject.Clock.GetUtcNow()))).ToString();
    }
}

internal sealed record Mark(int Worker, int Held, bool Ended) : Command
{
    public override Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand || hand.Pick(Held) is not { } job)
            return Task.FromResult(Nothing);
        if (Ended)
            hand.Worker.Marks.Ended(job.Lease);
        else
            hand.Worker.Marks.Begun(job.Lease);
        return Task.FromResult(job.Id.ToString());
    }
}

internal sealed record Progress(int Worker, int Held) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand || hand.Pick(Held) is not { } job)
            return Nothing;
        var written = await subject.View(Held).AppendAsync([new NewLogEntry(LogKinds.Progress, job.Id, job.Lease, Some.Json("1"))], CancellationToken.None);
        return written.Single().ToString();
    }
}

internal sealed record Renew(int Worker) : Command
{
    public override Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand)
            return Task.FromResult(Nothing);
        var renewal = hand.Worker.Renew();
        return Task.FromResult($"alive={renewal.Alive} cancel={string.Join(',', renewal.Cancellations)}");
    }
}

internal sealed record Kill(int Worker) : Command
{
    public override Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand)
            return Task.FromResult(Nothing);
        subject.Fixture.Kill(hand.Worker.Id);
        return Task.FromResult(hand.Worker.Id.ToString());
    }
}

internal sealed record End(int Worker) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (subject.PickHand(Worker) is not { } hand)
            return Nothing;
        await hand.Worker.EndAsync();
        return hand.Worker.Id.ToString();
    }
}

/// <summary>Recovers in every process: none buries a worker of its own whose lease has run out.</summary>
internal sealed record Recover : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var found = new List<RecoveredWorker>();
        foreach (var view in subject.Views)
            found.AddRange(await view.RecoverAsync());
        return string.Join('\n', found.OrderBy(dead => dead.Worker.Value).Select(dead => $"{dead.Worker} {dead.Reason}: {string.Join(", ", dead.Jobs)}"));
    }
}

internal sealed record Pass(int Milliseconds, int WallMinutes) : Command
{
    public override Task<string> ApplyAsync(Subject subject)
    {
        subject.Clock.Advance(TimeSpan.FromMilliseconds(Milliseconds));
        subject.Clock.SetUtcNow(subject.Clock.GetUtcNow().AddMinutes(WallMinutes));
        return Task.FromResult("");
    }
}

internal sealed record Ask(int View, JobRequest Request, int Job) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) =>
        (await subject.View(View).RequestAsync(Request, subject.PickJob(Job), $"asked of {Job}")).ToString();
}

internal sealed record SetPause(int View, PauseScope Scope, string Name, bool Paused) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var view = subject.View(View);
        var changed = Paused
            ? await view.PauseAsync(Scope, Name, $"view {View}", CancellationToken.None)
            : await view.ResumeAsync(Scope, Name, $"view {View}", CancellationToken.None);
        return changed.ToString();
    }
}

/// <summary>Sets a limit, or takes it away.</summary>
internal sealed record SetLimit(int View, RateLimit Limit, bool Gone) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var view = subject.View(View);
        return (Gone ? await view.RemoveLimitAsync(Limit.Scope, Limit.Name, $"view {View}", CancellationToken.None) : await view.SetLimitAsync(Limit, $"view {View}", CancellationToken.None)).ToString();
    }
}

internal sealed record Switch(int View, bool Open) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) => (await subject.View(View).SwitchBreakerAsync("dep", Open, $"view {View}", CancellationToken.None)).ToString()!;
}

/// <summary>Defines schedules: a program all that it has, or somebody one by hand.</summary>
internal sealed record Define(int View, IReadOnlyList<(string Name, int Seconds, Overlap Overlap, CatchUpRule CatchUp)> Schedules, string? Program, int Version, bool Replace) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var now = subject.Clock.GetUtcNow();
        var schedules = Schedules.DistinctBy(schedule => schedule.Name).Select(schedule => new ScheduleDefinition
        {
            Name = schedule.Name,
            Timing = new ScheduleTiming.Every(TimeSpan.FromSeconds(schedule.Seconds)),
            Overlap = schedule.Overlap,
            CatchUp = schedule.CatchUp,
            Job = Some.Job with { Queue = "a", Type = "x" },
        }.From(now));
        return string.Join(',', await subject.View(View).DefineAsync([.. schedules], new ScheduleOwner(Program, $"{Version}", $"view {View}", Replace), CancellationToken.None));
    }

    public override string ToString() => $"Define {string.Join(' ', Schedules)} by {Program}/{Version} replace={Replace}";
}

/// <summary>Carries out what is due, and then the same once more, as another who has looked at the same time.</summary>
internal sealed record TickTwice(int View) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var now = subject.Clock.GetUtcNow();
        var ticks = (await subject.View(View).SchedulesAsync(now, CancellationToken.None)).Select(schedule =>
        {
            var definition = schedule.Read();
            var due = definition.CatchUp.Due(definition.Timing, schedule.Next!.Value, schedule.Anchor, now);
            return new Tick(schedule, definition.JobsOf(due.Run), due.Run.Count == 0 ? null : due.Run[^1], due.Next);
        }).ToList();
        Ticked[] answers = [.. await subject.View(View).TickAsync(ticks, CancellationToken.None), .. await subject.View(View + 1).TickAsync(ticks, CancellationToken.None)];
        foreach (var job in answers.SelectMany(answer => answer.Jobs))
            subject.Know(job.Id);
        return string.Join(' ', answers.Select(answer => $"{answer.Accepted}:{string.Join(',', answer.Jobs)}"));
    }
}

internal sealed record Trigger(int View, string Name) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        if (await subject.View(View).TriggerAsync(Name, $"view {View}", CancellationToken.None) is not { } job)
            return Nothing;
        subject.Know(job.Id);
        return $"{job}";
    }
}

/// <summary>Pauses a schedule, or has it go on from its next tick, as people do.</summary>
internal sealed record HoldSchedule(int View, string Name, bool Paused) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) => $"{(Paused
        ? await subject.View(View).PauseScheduleAsync(Name, $"view {View}", CancellationToken.None)
        : await subject.View(View).ResumeScheduleAsync(Name, $"view {View}", CancellationToken.None))}";
}

internal sealed record RemoveSchedule(int View, string Name) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) => (await subject.View(View).RemoveScheduleAsync(Name, "model", CancellationToken.None)).ToString();
}

/// <summary>Prunes to the end. Of the reference and the store, the steps may differ, since they pass different jobs.</summary>
internal sealed record Prune(int View, RetentionRules Rules, int Most) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var view = subject.View(View);
        var (expired, pruned) = (await view.ExpiredAllAsync(Rules, Most), await view.PruneAllAsync(Rules, Most));
        return $"expired {Show(expired)}, pruned {Show(pruned)}";
    }

    public override string ToString() => $"Prune {Most} at once, log {Rules.Log}: {string.Join("; ", Rules.Rules)}";

    private static string Show(Pruned pruned) => $"{pruned.Jobs} jobs, {pruned.Attempts} attempts, {pruned.LogEntries} entries";
}

internal sealed record DefineQueue(int View, string Queue) : Command
{
    public override Task<string> ApplyAsync(Subject subject) => subject.View(View).DefineQueueAsync(Queue, $"by view {View}", CancellationToken.None);
}

internal sealed record Look(int View, JobQuery Query) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) =>
        string.Join(',', (await subject.View(View).FindAsync(Query)).Select(job => job.Id));
}

internal sealed record Stand(int View, int Job) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) =>
        await subject.View(View).StandingAsync(subject.PickJob(Job), CancellationToken.None) is { } standing
            ? $"{standing.AheadInLine} in line, {standing.AheadInOtherQueues} in others, {standing.AheadBehindKey} behind its key, held by {string.Join(',', standing.KeyHolders)}, after {string.Join(',', standing.Parents)}, {string.Join(',', standing.Rules.Select(rule => $"{rule.Order}{rule.Ageing}"))}, follows {standing.Follows?.Batch.Id} {standing.Follows?.Batch.Counts} {standing.Follows?.IsDone}"
            : Nothing;
}

internal sealed record SetRetention(int View, RetentionRules Rules) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) => (await subject.View(View).SetRetentionAsync(Rules, $"view {View}", CancellationToken.None)).ToString();

    public override string ToString() => $"SetRetention log {Rules.Log}: {string.Join("; ", Rules.Rules)}";
}
