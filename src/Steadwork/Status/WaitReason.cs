using System.Globalization;
using Steadwork.Status;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork;

/// <summary>One reason for which a job does not run now.</summary>
/// <param name="Code">A word for programs: <c>retired</c>, <c>paused</c>, <c>no_worker</c>, <c>breaker</c>, <c>scheduled</c>, <c>dependency</c>, <c>exclusive_key</c>, <c>rate_limit</c>, <c>priority</c>, <c>alone</c>, <c>expired</c>.</param>
/// <param name="Text">A sentence for people.</param>
public sealed record WaitReason(string Code, string Text)
{
    private const int ParentsNamed = 3;

    /// <summary>The same, asking the store for what else it takes; nothing for a job that does not wait.</summary>
    internal static async Task<IReadOnlyList<WaitReason>> OfAsync(IStore store, Standing standing, CancellationToken cancellationToken) =>
        Waits(standing.Job) ? Of(standing, await store.StatisticsAsync(cancellationToken).ConfigureAwait(false), await Holds.OfAsync(store, standing.Job, cancellationToken).ConfigureAwait(false), store.Now) : [];

    /// <summary>Every reason, the one that will hold longest first; none when the next free slot takes the job, and none when it runs or has ended.</summary>
    /// <param name="standing">Where the job stands.</param>
    /// <param name="statistics">The store in numbers, of about the same time.</param>
    /// <param name="holds">What lets none of its like through, or only some.</param>
    /// <param name="now">The time on the store's clock.</param>
    internal static IReadOnlyList<WaitReason> Of(Standing standing, StoreStatistics statistics, Holds holds, DateTimeOffset now)
    {
        var job = standing.Job;
        if (!Waits(job))
            return [];
        WaitReason?[] reasons =
        [
            Retired(holds.Retirement),
            Paused(statistics.PauseOf(PauseScope.Queue, job.Queue), "queue"),
            Paused(statistics.PauseOf(PauseScope.Type, job.Type), "job type"),
            NoWorker(job, statistics.Workers),
            .. holds.Breakers.Select(breaker => Shut(breaker, now)),
            Scheduled(job, now),
            After(standing),
            AfterBatch(standing),
            Behind(standing, holds),
            .. holds.Limits.Select(Limited),
            InLine(standing),
            InOtherQueues(standing),
            Alone(job),
            Expired(job, now),
        ];
        return [.. reasons.OfType<WaitReason>()];
    }

    private static bool Waits(Job job) => job.State is JobState.Pending or JobState.Waiting;

    private static WaitReason? Retired(Retirement? retirement) =>
        retirement is null ? null
        : new("retired", retirement.Copied ? $"The store was copied to {retirement.To}: the job runs there." : $"The store is being copied to {retirement.To}, and hands out no jobs meanwhile.");

    private static WaitReason? Paused(Pause? pause, string what) =>
        pause is null ? null : new("paused", $"The {what} '{pause.Name}' is paused since {Time(pause.Since)}, by {pause.By}.");

    private static WaitReason? NoWorker(Job job, IReadOnlyList<WorkerView> workers)
    {
        if (workers.Count == 0)
            return new("no_worker", "No worker is alive that could run it.");
        var capable = workers.Where(worker => worker.Types.Contains(job.Type)).ToList();
        if (capable.Count == 0)
            return new("no_worker", $"No live worker has a handler for the type '{job.Type}'.");
        capable.RemoveAll(worker => !worker.Queues.Contains(job.Queue));
        if (capable.Count == 0)
            return new("no_worker", $"No live worker with a handler for it serves the queue '{job.Queue}'.");
        return capable.Exists(worker => Requirement.IsMet(job.Requires, worker.Tags)) ? null : new("no_worker", $"No live worker that could run it has {Lacking(job, capable)}.");
    }

    /// <summary>The tags that none of these workers has, or, where each is had by one of them, all that the job requires.</summary>
    private static string Lacking(Job job, IReadOnlyList<WorkerView> workers)
    {
        var lacking = job.Requires.Where(tag => !workers.Any(worker => worker.Tags.Contains(tag))).ToList();
        return lacking switch
        {
            [var tag] => $"the tag '{tag}'",
            [] => $"all the tags that it requires: {Named(job.Requires)}",
            _ => $"the tags {Named(lacking)}",
        };
    }

    private static string Named(IReadOnlyList<string> tags) => $"{string.Join(", ", tags.SkipLast(1).Select(tag => $"'{tag}'"))} and '{tags[^1]}'";

    private static WaitReason? Scheduled(Job job, DateTimeOffset now) =>
        job.State is not JobState.Pending || job.RunAt <= now ? null
        : job is { Attempt: > 0, LastError: not null } ? new("scheduled", $"It has failed {Times(job.Failures)} and is tried again at {Time(job.RunAt)}.")
        : new("scheduled", $"It may not run before {Time(job.RunAt)}.");

    private static WaitReason? After(Standing standing)
    {
        var awaited = Awaited(standing).ToList();
        if (awaited.Count == 0)
            return null;
        var named = awaited.Take(ParentsNamed).Select(parent => $"job {parent.Job}, which {parent.State switch
        {
            JobState.Running => "runs",
            JobState.Failed => "has failed: it goes on when that is retried and succeeds",
            JobState.Cancelled => "was cancelled: it goes on when that is retried and succeeds",
            null => "has been deleted: it never goes on",
            { } state => $"is {state.Name()}",
        }}");
        var others = awaited.Count > ParentsNamed ? $", and {(awaited.Count < Standing.ParentsAtMost ? "" : "at least ")}{Count(awaited.Count - ParentsNamed, "other")}" : "";
        return new("dependency", $"It waits for {string.Join(", and for ", named)}{others}.");
    }

    private static WaitReason? AfterBatch(Standing standing)
    {
        if (!AwaitsBatch(standing) || standing.Follows is not { Batch: var batch })
            return null;
        var of = $"{Number(batch.Unfinished)} of {Jobs(batch.Total)} {(batch.Unfinished == 1 ? "has" : "have")} not ended";
        return new("dependency", $"It waits for batch {batch.Id}, {batch switch
        {
            { IsOpen: true } => $"which takes more jobs still, and of which {of}",
            { Unfinished: > 0 } or { Unsuccessful: 0 } => $"of which {of}",
            { Deleted: > 0 } => $"of which {Jobs(batch.Deleted)} {(batch.Deleted == 1 ? "was" : "were")} deleted without having succeeded: it never goes on",
            _ => $"of which {Jobs(batch.Unsuccessful)} {(batch.Unsuccessful == 1 ? "has" : "have")} not succeeded: it goes on when all are retried and succeed",
        }}.");
    }

    private static bool AwaitsBatch(Standing standing) => standing is { Job.State: JobState.Waiting, Follows.IsDone: false };

    private static IEnumerable<Parent> Awaited(Standing standing) => standing.Job.State is JobState.Waiting ? standing.Parents.Where(parent => !parent.IsDone) : [];

    private static WaitReason Shut(BreakerView breaker, DateTimeOffset now) => new("breaker", breaker.Circuit switch
    {
        { State: BreakerState.Open, Until: null } open => $"The breaker '{breaker.Definition.Name}' was opened by hand, {Time(open.Since)}, and stays open until somebody closes it.",
        { State: BreakerState.Open, Until: { } until } when until > now => $"The breaker '{breaker.Definition.Name}' is open until {Time(until)}, since too many of the calls that it counts have failed.",
        { } circuit => $"The breaker '{breaker.Definition.Name}' lets only {Count(breaker.Definition.Probes, "job")} through{(circuit.State is BreakerState.HalfOpen ? $" since {Time(circuit.Since)}" : "")}, to see whether what it stands for works again.",
    });

    private static WaitReason Limited(LimitView view) => new("rate_limit",
        $"The {view.Limit.Scope switch { LimitScope.Queue => "queue", LimitScope.Type => "job type", _ => "exclusive key" }} '{view.Limit.Name}' is limited to {Count(view.Limit.Starts, "start")} in {Span(view.Limit.Period)}{(view.Limit.Smooth ? ", evenly spread" : "")}: "
        + (view.MoreAt is { } more ? $"the next may begin at {Time(more)}." : "the next may begin now."));

    private static WaitReason? Behind(Standing standing, Holds holds)
    {
        if (standing.Job is not { State: JobState.Waiting, ExclusiveKey: { } key } || Awaited(standing).Any() || AwaitsBatch(standing) || (standing.KeyHolders.Count < standing.Job.ExclusiveLimit && holds.Limits.Count > 0))
            return null;
        var holders = standing.KeyHolders.Select(holder => holder switch
        {
            { State: JobState.Running, Worker: { } worker } => $"job {holder.Job}, which runs on worker {worker}",
            _ => $"job {holder.Job}, whose turn it is",
        });
        var held = standing.KeyHolders.Count == 0 ? "of which a place has just come free" : $"held by {string.Join(", and ", holders)}";
        return new("exclusive_key", $"It waits behind the exclusive key '{key}', {held}{(standing.AheadBehindKey > 0 ? $"; {Count(standing.AheadBehindKey, "other")} {(standing.AheadBehindKey == 1 ? "comes" : "come")} before it" : "")}.");
    }

    private static WaitReason? InLine(Standing standing) =>
        standing.Job.State is not JobState.Pending || standing.AheadInLine == 0 ? null
        : ClaimRule.CommonOrder(standing.Rules) is { } order
            ? new("priority", $"{Count(standing.AheadInLine, "job")} of its queue {(standing.AheadInLine == 1 ? "comes" : "come")} before it{order switch
            {
                ClaimOrder.Fifo => ", since its workers take the oldest first",
                ClaimOrder.Lifo => ", since its workers take the newest first",
                _ => "",
            }}.")
        : new("priority", $"Its workers pick {string.Join(", or ", standing.Rules.Select(InWords).Distinct())}; {Count(standing.AheadInLine, "other job")} of its queue may run now.");

    private static WaitReason? InOtherQueues(Standing standing) =>
        standing.AheadInOtherQueues == 0 ? null
        : new("priority", $"{Count(standing.AheadInOtherQueues, "job")} of other queues that its workers serve {(standing.AheadInOtherQueues == 1 ? "comes" : "come")} before it.");

    private static WaitReason? Alone(Job job) =>
        job.Alone ? new("alone", "A worker that had it in hand has crashed, and it may be why: a worker runs it next that has nothing else in hand.") : null;

    private static WaitReason? Expired(Job job, DateTimeOffset now) =>
        job.ExpiresAt <= now ? new("expired", $"It was not begun by {Time(job.ExpiresAt.Value)}, after which it is not worth running: the next claim cancels it.") : null;

    private static string InWords(ClaimRule rule) => rule switch
    {
        { Order: ClaimOrder.WeightedRandom } => "at random, weighted by priority",
        { Order: ClaimOrder.Fifo } => "the oldest first",
        { Order: ClaimOrder.Lifo } => "the newest first",
        { Ageing: not null } => "by priority, which gets better the longer a job waits",
        _ => "by priority",
    };

    private static string Jobs(long number) => $"{Number(number)} job{(number == 1 ? "" : "s")}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(long number, string what) => string.Create(CultureInfo.InvariantCulture,
        $"{(number >= Standing.CountedAtMost ? $"{Standing.CountedAtMost:N0} and more" : number.ToString("N0", CultureInfo.InvariantCulture))} {what}{(number == 1 ? "" : "s")}");

    private static string Span(TimeSpan period) => period switch
    {
        { TotalDays: >= 1 } when period.Ticks % TimeSpan.TicksPerDay == 0 => Count((long)period.TotalDays, "day"),
        { TotalHours: >= 1 } when period.Ticks % TimeSpan.TicksPerHour == 0 => Count((long)period.TotalHours, "hour"),
        { TotalMinutes: >= 1 } when period.Ticks % TimeSpan.TicksPerMinute == 0 => Count((long)period.TotalMinutes, "minute"),
        { TotalSeconds: >= 1 } when period.Ticks % TimeSpan.TicksPerSecond == 0 => Count((long)period.TotalSeconds, "second"),
        _ => Count((long)period.TotalMilliseconds, "millisecond"),
    };

    private static string Times(int failures) => failures == 1 ? "once" : $"{failures.ToString(CultureInfo.InvariantCulture)} times";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
