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
        $"accepted={string.Join(',', exchange.Accepted)} alive={exchange.Alive} due={Picture.Time(exchange.NextDue)}\n"
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
        $"Enqueue {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey}/{Job.ExclusiveLimit} key={Job.UniqueKey} {Job.UniqueScope} for={Job.UniqueFor} {Job.WhenTaken} attempts={Job.MaxAttempts} {Some.Text(Job.Payload)}";
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
        $"EnqueueChain {Count} × {Job.Queue}/{Job.Type} p{Job.Priority} delay={Job.Delay} expires={Job.ExpiresIn} exclusive={Job.ExclusiveKey}/{Job.ExclusiveLimit} key={Job.UniqueKey} {Job.UniqueScope} for={Job.UniqueFor} {Job.WhenTaken} anyway={Job.RunsAnyway} after {string.Join(',', Parents)}";
}

internal sealed record Start(int View, int Capacity) : Command
{
    public override async Task<string> ApplyAsync(Subject subject)
    {
        var worker = await subject.View(View).StartAsync(["a", "b"], ["x", "y"], Capacity);
        subject.Hire(worker);
        return worker.Id.ToString();
    }
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
        var end = new AttemptEnd(job.Id, job.Lease, Transitions.ByName[Kind](now), Held % 2 == 0 ? now : null);
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

internal sealed record Look(int View, JobQuery Query) : Command
{
    public override async Task<string> ApplyAsync(Subject subject) =>
        string.Join(',', (await subject.View(View).FindAsync(Query)).Select(job => job.Id));
}
