using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Faults;

/// <summary>Accepts an end whatever lease it carries.</summary>
internal sealed class IgnoresTheToken(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        AttemptEnd[] unfenced = [.. ends.Select(end => end with { Lease = Memory.LastLease.GetValueOrDefault(end.Job) })];
        var exchange = await Inner.ExchangeAsync(worker, unfenced, claim, cancellationToken);
        foreach (var job in exchange.Claimed)
            Memory.LastLease[job.Id] = job.Lease;
        return exchange;
    }
}

/// <summary>Gives the token of a job's first claim with every later one.</summary>
internal sealed class ReusesTokens(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        AttemptEnd[] translated = [.. ends.Select(end => Memory.FirstLease.GetValueOrDefault(end.Job) == end.Lease ? end with { Lease = Memory.LastLease[end.Job] } : end)];
        var exchange = await Inner.ExchangeAsync(worker, translated, claim, cancellationToken);
        foreach (var job in exchange.Claimed)
        {
            Memory.FirstLease.TryAdd(job.Id, job.Lease);
            Memory.LastLease[job.Id] = job.Lease;
        }
        return exchange with { Claimed = [.. exchange.Claimed.Select(job => job with { Lease = Memory.FirstLease[job.Id] })] };
    }
}

/// <summary>Takes every job of a dead worker for one that had not begun.</summary>
internal sealed class DoesNotCountCrashes(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken) =>
        await Inner.StartWorkerAsync(worker, cancellationToken) with { Marks = new NoMarks() };

    private sealed class NoMarks : IStartMarks
    {
        public void Begun(LeaseToken lease) { }

        public void Ended(LeaseToken lease) { }

        public void Settled(LeaseToken lease) { }
    }
}

/// <summary>Gives the last job once more when there is none for a worker that asks.</summary>
internal sealed class GivesAJobTwice(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var exchange = await Inner.ExchangeAsync(worker, ends, claim, cancellationToken);
        if (exchange is { Alive: true, Claimed.Count: 0 } && claim is { Max: > 0 } && Memory.LastClaimed is { } again)
            return exchange with { Claimed = [again] };
        Memory.LastClaimed = exchange.Claimed.LastOrDefault() ?? Memory.LastClaimed;
        return exchange;
    }
}

/// <summary>Leaves some transitions out of the log.</summary>
internal sealed class DropsLogEntries(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        [.. (await Inner.ReadAsync(after, limit, cancellationToken)).Where(entry => entry.Kind is not "snoozed")];
}

/// <summary>Keeps the error of a job that was retried by hand.</summary>
internal sealed class KeepsStaleErrors(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var jobs = await Inner.FindAsync(query, cancellationToken);
        foreach (var job in jobs.Where(job => job.LastError is not null))
            Memory.LastError[job.Id] = job.LastError!;
        return [.. jobs.Select(job => job.State is JobState.Pending ? job with { LastError = Memory.LastError.GetValueOrDefault(job.Id) } : job)];
    }
}

/// <summary>Says of a refused completion that it was accepted.</summary>
internal sealed class HidesLostLeases(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var exchange = await Inner.ExchangeAsync(worker, ends, claim, cancellationToken);
        return exchange with { Accepted = [.. exchange.Accepted.Select(_ => true)] };
    }
}

/// <summary>Frees every unique key when its job ends.</summary>
internal sealed class ForgetsKeptKeys(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { UniqueScope = UniqueScope.WhileUnfinished })], cancellationToken);
}

/// <summary>Takes something else of a job to be enqueued than what it says.</summary>
internal abstract class MisreadsJobs(IStore inner, FaultMemory memory, Func<NewJob, NewJob> mistake) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(mistake)], cancellationToken);
}

/// <summary>Frees a key that is taken for a time when its job ends.</summary>
internal sealed class ForgetsKeyTimes(IStore inner, FaultMemory memory) : MisreadsJobs(inner, memory, job => job with { UniqueFor = null });

/// <summary>Frees a key that is taken for a time only when its job is deleted.</summary>
internal sealed class KeepsLentKeys(IStore inner, FaultMemory memory)
    : MisreadsJobs(inner, memory, job => job.UniqueFor is null ? job : job with { UniqueScope = UniqueScope.WhileKept });

/// <summary>Takes one way to treat the bearer of a key for another.</summary>
internal abstract class MistakesWhenTaken(IStore inner, FaultMemory memory, WhenTaken said, WhenTaken read)
    : MisreadsJobs(inner, memory, job => job.WhenTaken == said ? job with { WhenTaken = read } : job);

/// <summary>Leaves a bearer as it is that should take over all of the newer one.</summary>
internal sealed class ReplacesNothing(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.Replace, WhenTaken.Keep);

/// <summary>Leaves its time to a bearer that should get another one.</summary>
internal sealed class ReplacesThePayloadOnly(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.Replace, WhenTaken.ReplacePayload);

/// <summary>Leaves its payload to a bearer that should get another one.</summary>
internal sealed class ReplacesTheTimeOnly(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.Replace, WhenTaken.ReplaceTime);

/// <summary>Moves a bearer that should keep its time.</summary>
internal sealed class ReplacesTheTimeAsWell(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.ReplacePayload, WhenTaken.Replace);

/// <summary>Gives another payload to a bearer that should keep its own.</summary>
internal sealed class ReplacesThePayloadAsWell(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.ReplaceTime, WhenTaken.Replace);

/// <summary>Names the bearer where the job should be refused.</summary>
internal sealed class RefusesNothing(IStore inner, FaultMemory memory) : MistakesWhenTaken(inner, memory, WhenTaken.Refuse, WhenTaken.Keep);

/// <summary>Gives a suspect to a worker that holds other jobs.</summary>
internal sealed class ClaimsSuspectsBesideOthers(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, ends, claim is null ? null : claim with { Holding = 0 }, cancellationToken);
}

/// <summary>Lets a delayed job run at once.</summary>
internal sealed class RunsDelayedJobsAtOnce(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { Delay = TimeSpan.Zero })], cancellationToken);
}

/// <summary>Runs what is not worth running any more.</summary>
internal sealed class LetsNothingExpire(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(10_000);

    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { ExpiresIn = job.ExpiresIn + Long })], cancellationToken);

    public override async Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        [.. (await Inner.FindAsync(query, cancellationToken)).Select(job => job with { ExpiresAt = job.ExpiresAt - Long })];

    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var exchange = await Inner.ExchangeAsync(worker, ends, claim, cancellationToken);
        return exchange.NextDue > Now + Long / 2 ? exchange with { NextDue = exchange.NextDue - Long } : exchange;
    }
}

/// <summary>Tells workers only when the next job falls due.</summary>
internal sealed class OverlooksExpiry(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var exchange = await Inner.ExchangeAsync(worker, ends, claim, cancellationToken);
        var expiries = (await Inner.FindAsync(new JobQuery { Limit = 1000 }, cancellationToken)).Where(job => !job.State.IsEnded()).Select(job => job.ExpiresAt);
        return expiries.Contains(exchange.NextDue) ? exchange with { NextDue = null } : exchange;
    }
}

/// <summary>Does not wait for parents.</summary>
internal sealed class DoesNotWaitForParents(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { After = [], AfterPlaces = [] })], cancellationToken);
}

/// <summary>Waits for one parent of several.</summary>
internal sealed class WaitsForOneParent(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { After = [.. job.After.Take(1)] })], cancellationToken);
}

/// <summary>Lets a job run whose parent has failed: the deployment of a build that did.</summary>
internal sealed class RunsChildrenOfTheFailed(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { RunsAnyway = true })], cancellationToken);
}

/// <summary>Cancels children that are to run anyway.</summary>
internal sealed class CancelsEveryChild(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken) =>
        Inner.EnqueueAsync([.. jobs.Select(job => job with { RunsAnyway = false })], cancellationToken);
}

/// <summary>Takes an open batch for a closed one, which then ends too early.</summary>
internal sealed class EndsOpenBatches(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        var stored = await Inner.AddBatchAsync(batch with { IsOpen = false }, cancellationToken);
        if (batch.IsOpen)
            Memory.Batches.Add(stored.Id);
        return stored;
    }

    public override async Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) =>
        Memory.Batches.Remove(batch) ? true : await Inner.CloseBatchAsync(batch, cancellationToken);

    public override async Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        [.. (await Inner.BatchesAsync(batches, cancellationToken)).Select(batch => batch with { IsOpen = Memory.Batches.Contains(batch.Id) })];
}

/// <summary>Says that a batch is closed, and leaves it open.</summary>
internal sealed class ForgetsToClose(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<bool?> CloseBatchAsync(BatchId batch, CancellationToken cancellationToken) =>
        await Inner.BatchesAsync([batch], cancellationToken) is not [var view] ? null : view.IsOpen && Memory.Batches.Add(batch);

    public override async Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken) =>
        [.. (await Inner.BatchesAsync(batches, cancellationToken)).Select(batch => batch with { IsOpen = batch.IsOpen && !Memory.Batches.Contains(batch.Id) })];
}

/// <summary>Lets a follower run although a job of its batch has failed.</summary>
internal sealed class FollowsAnyway(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) =>
        Inner.AddBatchAsync(batch with { Follower = batch.Follower is { } follower ? follower with { RunsAnyway = true } : null }, cancellationToken);
}

/// <summary>Cancels a follower that is to run however its batch has ended.</summary>
internal sealed class FollowsSuccessAlone(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken) =>
        Inner.AddBatchAsync(batch with { Follower = batch.Follower is { } follower ? follower with { RunsAnyway = false } : null }, cancellationToken);
}

/// <summary>Stores a follower that follows nothing.</summary>
internal sealed class LosesTheFollower(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<StoredBatch> AddBatchAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        var stored = await Inner.AddBatchAsync(batch with { Follower = null }, cancellationToken);
        return batch.Follower is { } follower ? stored with { Follower = (await Inner.EnqueueAsync([follower], cancellationToken))[0] } : stored;
    }
}

/// <summary>Takes jobs whose batch is closed, as jobs of none.</summary>
internal sealed class TakesJobsIntoClosedBatches(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.EnqueueAsync(jobs, cancellationToken);
        }
        catch (BatchNotOpenException)
        {
            return await Inner.EnqueueAsync([.. jobs.Select(job => job with { Batch = null })], cancellationToken);
        }
    }
}

/// <summary>Counts only what is left of a batch.</summary>
internal sealed class ForgetsPrunedJobsOfBatches(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<BatchView>> BatchesAsync(IReadOnlyList<BatchId> batches, CancellationToken cancellationToken)
    {
        var left = (await Inner.FindAsync(new JobQuery { Limit = 1000 }, cancellationToken)).ToLookup(job => job.BatchId);
        return [.. (await Inner.BatchesAsync(batches, cancellationToken)).Select(batch => batch with { Counts = left[batch.Id].Aggregate(default(StateCounts), (sum, job) => sum.With(job.State, +1)) })];
    }
}

/// <summary>Carries a tick out again for whoever looked at the schedule at the same time.</summary>
internal sealed class TicksTwice(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken)
    {
        var now = (await Inner.SchedulesAsync(null, cancellationToken)).ToDictionary(schedule => schedule.Name);
        return await Inner.TickAsync([.. ticks.Select(tick => tick with { Schedule = now.GetValueOrDefault(tick.Schedule.Name, tick.Schedule) })], cancellationToken);
    }
}

/// <summary>Lets an old version of a program undo what a newer one has defined.</summary>
internal sealed class ForgetsVersions(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) =>
        Inner.DefineAsync(schedules, owner with { Version = "1" }, cancellationToken);
}

/// <summary>Starts the next job of a schedule while the last one has not ended.</summary>
internal sealed class LetsTicksOverlap(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken) =>
        Inner.TickAsync([.. ticks.Select(tick => tick with { Jobs = [.. tick.Jobs.Select(job => job with { UniqueKey = null, ExclusiveKey = null })] })], cancellationToken);
}

/// <summary>Does not tell a worker of a wish to cancel.</summary>
internal sealed class SwallowsCancellations(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Renewal Renew(WorkerId worker) => Inner.Renew(worker) with { Cancellations = [] };
}

/// <summary>Renews the lease of a worker whose jobs have been given to others.</summary>
internal sealed class RevivesTheDead(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Renewal Renew(WorkerId worker) => Inner.Renew(worker) with { Alive = true };
}

/// <summary>Has another notion of exclusive keys than the one that it shows.</summary>
internal abstract class MistakesExclusiveKeys(IStore inner, FaultMemory memory, Func<NewJob, NewJob> mistake) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var answers = await Inner.EnqueueAsync([.. jobs.Select(mistake)], cancellationToken);
        foreach (var (job, answer) in jobs.Zip(answers))
            Memory.Enqueued.TryAdd(answer.Id, job);
        return answers;
    }

    public override async Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        [.. (await Inner.FindAsync(query, cancellationToken)).Select(Shown)];

    /// <summary>Those of schedules have come another way, and are shown as they are.</summary>
    private Job Shown(Job job) => Memory.Enqueued.TryGetValue(job.Id, out var said) ? job with { ExclusiveKey = said.ExclusiveKey, ExclusiveLimit = said.ExclusiveLimit } : job;
}

/// <summary>Lets all run at once that should not.</summary>
internal sealed class IgnoresExclusiveKeys(IStore inner, FaultMemory memory)
    : MistakesExclusiveKeys(inner, memory, job => job with { ExclusiveKey = null, ExclusiveLimit = 1 });

/// <summary>Lets only one run at once where more may.</summary>
internal sealed class TakesEveryLimitForOne(IStore inner, FaultMemory memory)
    : MistakesExclusiveKeys(inner, memory, job => job with { ExclusiveLimit = 1 });

/// <summary>Lets one more run than may.</summary>
internal sealed class LetsOneMoreRun(IStore inner, FaultMemory memory)
    : MistakesExclusiveKeys(inner, memory, job => job with { ExclusiveLimit = job.ExclusiveKey is null ? 1 : job.ExclusiveLimit + 1 });

/// <summary>Takes all keys for one.</summary>
internal sealed class MixesUpExclusiveKeys(IStore inner, FaultMemory memory)
    : MistakesExclusiveKeys(inner, memory, job => job with { ExclusiveKey = job.ExclusiveKey is null ? null : "e" });

/// <summary>Pauses the queue where a type was to be paused, and the other way round.</summary>
internal sealed class PausesTheWrongThing(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        Inner.PauseAsync(Other(scope), name, by, cancellationToken);

    public override Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken) =>
        Inner.ResumeAsync(Other(scope), name, by, cancellationToken);

    public override async Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken)
    {
        var statistics = await Inner.StatisticsAsync(cancellationToken);
        return statistics with { Pauses = [.. statistics.Pauses.Select(pause => pause with { Scope = Other(pause.Scope) }).OrderBy(pause => pause.Scope).ThenBy(pause => pause.Name, StringComparer.Ordinal)] };
    }

    public override async Task<IReadOnlyList<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        [.. (await Inner.ReadAsync(after, limit, cancellationToken)).Select(entry => entry.Kind is LogKinds.Paused or LogKinds.Resumed ? entry with { Data = Swapped(entry.Data) } : entry)];

    private static ReadOnlyMemory<byte> Swapped(ReadOnlyMemory<byte> data)
    {
        var text = Some.Text(data);
        return Some.Json(text.Contains("\"queue\":") ? text.Replace("\"queue\":", "\"type\":") : text.Replace("\"type\":", "\"queue\":"));
    }

    private static PauseScope Other(PauseScope scope) => scope is PauseScope.Queue ? PauseScope.Type : PauseScope.Queue;
}

/// <summary>Claims by priority whatever the order.</summary>
internal sealed class IgnoresTheOrder(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, ends, claim is null ? null : claim with { Rule = claim.Rule with { Order = ClaimOrder.Priority } }, cancellationToken);
}

/// <summary>Lets no job age.</summary>
internal sealed class LetsNothingAge(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, ends, claim is null ? null : claim with { Rule = claim.Rule with { Ageing = null } }, cancellationToken);
}

/// <summary>Takes queues that are to be served in order for one.</summary>
internal sealed class MixesUpTheQueues(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, ends, claim is null ? null : claim with { Rule = claim.Rule with { Sharing = QueueSharing.Together } }, cancellationToken);
}

/// <summary>Keeps jobs for half of their time.</summary>
internal sealed class PrunesTooEarly(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        Inner.PruneAsync(rules with { Rules = [.. rules.Rules.Select(rule => rule.Keep > TimeSpan.Zero ? rule with { Keep = rule.Keep / 2 } : rule)] }, from, most, cancellationToken);
}

/// <summary>Prunes every queue by the rules for all.</summary>
internal sealed class IgnoresTheRuleOfAQueue(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        Inner.PruneAsync(rules with { Rules = [.. rules.Rules.Where(rule => rule.Queue is null)] }, from, most, cancellationToken);
}

/// <summary>Lets the log grow for ever.</summary>
internal sealed class ForgetsToPruneTheLog(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken) =>
        Inner.PruneAsync(rules with { Log = Timeout.InfiniteTimeSpan }, from, most, cancellationToken);
}

/// <summary>Takes limits down, and shows them, and lets everything through.</summary>
internal sealed class HoldsNoLimit(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) => Inner.SetLimitAsync(limit with { Starts = limit.Starts + 1000 }, by, cancellationToken);

    public override async Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) =>
        [.. (await Inner.LimitsAsync(cancellationToken)).Select(view => view with { Limit = view.Limit with { Starts = view.Limit.Starts - 1000 }, Left = view.Left is { } left ? Math.Max(0, left - 1000) : null })];
}

/// <summary>Lets one more begin than a limit says, and hides it.</summary>
internal sealed class LetsOneMoreBegin(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken) => Inner.SetLimitAsync(limit with { Starts = limit.Starts + 1 }, by, cancellationToken);

    public override async Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) =>
        [.. (await Inner.LimitsAsync(cancellationToken)).Select(view => view with { Limit = view.Limit with { Starts = view.Limit.Starts - 1 }, Left = view.Left is { } left ? Math.Max(0, left - 1) : null })];
}

/// <summary>Lets come at once what is to be spread, and hides it.</summary>
internal sealed class SpreadsNothing(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken)
    {
        Memory.Limits[(limit.Scope, limit.Name)] = limit;
        return Inner.SetLimitAsync(limit with { Smooth = false }, by, cancellationToken);
    }

    public override async Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken) =>
        [.. (await Inner.LimitsAsync(cancellationToken)).Select(view => view with { Limit = Memory.Limits[(view.Limit.Scope, view.Limit.Name)] })];
}

/// <summary>Takes another definition of a breaker for what was said, and hides it.</summary>
internal abstract class MisreadsBreakers(IStore inner, FaultMemory memory, Func<BreakerDefinition, BreakerDefinition> mistake) : FaultyStore(inner, memory)
{
    public override Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken)
    {
        foreach (var breaker in worker.Breakers)
            Memory.Breakers[breaker.Name] = breaker;
        return Inner.StartWorkerAsync(worker with { Breakers = [.. worker.Breakers.Select(mistake)] }, cancellationToken);
    }

    public override async Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) =>
        [.. (await Inner.BreakersAsync(cancellationToken)).Select(breaker => breaker with { Definition = Memory.Breakers[breaker.Definition.Name] })];
}

/// <summary>Lets everyone through a breaker that is half-open.</summary>
internal sealed class LetsEveryoneThroughHalfOpen(IStore inner, FaultMemory memory) : MisreadsBreakers(inner, memory, breaker => breaker with { Probes = 1000 });

/// <summary>Counts the failures of a lifetime.</summary>
internal sealed class CountsForALifetime(IStore inner, FaultMemory memory) : MisreadsBreakers(inner, memory, breaker => breaker with { Window = TimeSpan.FromDays(1) });

/// <summary>Takes a snooze for a failure.</summary>
internal sealed class ChargesForSnoozes(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, [.. ends.Select(end => end.Transition is Transition.Snooze snooze ? end with { Transition = new Transition.Retry(snooze.RunAt, Some.Error) } : end)], claim, cancellationToken);
}

/// <summary>Has a schedule tick that is paused.</summary>
internal sealed class TicksWhilePaused(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken) =>
        [.. (await Inner.SchedulesAsync(null, cancellationToken)).Where(schedule => dueBy is null || schedule.Next <= dueBy)];
}

/// <summary>Hears of no call that failed.</summary>
internal sealed class NeverBreaks(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, [.. ends.Select(end => end with { Calls = null })], claim, cancellationToken);

    public override async Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken) =>
        [.. (await Inner.BreakersAsync(cancellationToken)).Select(breaker => breaker with { Window = default })];
}

/// <summary>Does not say which jobs were let through to see how they fare.</summary>
internal sealed class ForgetsProbes(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var exchange = await Inner.ExchangeAsync(worker, ends, claim, cancellationToken);
        return exchange with { Claimed = [.. exchange.Claimed.Select(job => job with { IsProbe = false })] };
    }
}

/// <summary>Gives a worker jobs that require what it does not have.</summary>
internal sealed class IgnoresRequirements(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken) =>
        Inner.ExchangeAsync(worker, ends, claim is null ? null : claim with { Tags = ["g", "h"] }, cancellationToken);
}

/// <summary>Takes one of the tags that a job requires for all of them.</summary>
internal sealed class RequiresOneTagOfSeveral(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var answers = await Inner.EnqueueAsync([.. jobs.Select(job => job with { Requires = [.. job.Requires.Take(1)] })], cancellationToken);
        foreach (var (job, answer) in jobs.Zip(answers))
            Memory.Enqueued.TryAdd(answer.Id, job);
        return answers;
    }

    public override async Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken) =>
        [.. (await Inner.FindAsync(query, cancellationToken)).Select(job => Memory.Enqueued.TryGetValue(job.Id, out var said) ? job with { Requires = [.. said.Requires.Order(StringComparer.Ordinal)] } : job)];
}

/// <summary>Takes every worker for one that goes by priority.</summary>
internal sealed class TakesEveryRuleForTheDefault(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken) =>
        Inner.StartWorkerAsync(worker with { Rule = ClaimRule.Default }, cancellationToken);
}

/// <summary>Keeps the first retention that was ever set.</summary>
internal sealed class KeepsTheFirstRetention(IStore inner, FaultMemory memory) : FaultyStore(inner, memory)
{
    public override async Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken) =>
        await Inner.RetentionAsync(cancellationToken) is null && await Inner.SetRetentionAsync(rules, by, cancellationToken);
}
