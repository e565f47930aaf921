using System.Globalization;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>One reason for which a job does not run now.</summary>
/// <param name="Code">A word for programs: <c>paused</c>, <c>scheduled</c>, <c>dependency</c>, <c>exclusive_key</c>, <c>no_worker</c>, <c>priority</c>.</param>
/// <param name="Text">A sentence for people.</param>
public sealed record WaitReason(string Code, string Text)
{
    private const int ParentsNamed = 3;

    /// <summary>The same, asking the store for what else it takes; nothing for a job that does not wait.</summary>
    internal static async Task<IReadOnlyList<WaitReason>> OfAsync(IJobStore store, Standing standing, CancellationToken cancellationToken) =>
        Waits(standing.Job) ? Of(standing, await store.StatisticsAsync(cancellationToken).ConfigureAwait(false), store.Now) : [];

    /// <summary>Every reason, the one that will hold longest first; none when the next free slot takes the job, and none when it runs or has ended.</summary>
    /// <param name="standing">Where the job stands.</param>
    /// <param name="statistics">The store in numbers, of about the same time.</param>
    /// <param name="now">The time on the store's clock.</param>
    internal static IReadOnlyList<WaitReason> Of(Standing standing, StoreStatistics statistics, DateTimeOffset now)
    {
        var job = standing.Job;
        if (!Waits(job))
            return [];
        WaitReason?[] reasons =
        [
            Paused(statistics.PauseOf(PauseScope.Queue, job.Queue), "queue"),
            Paused(statistics.PauseOf(PauseScope.Type, job.Type), "job type"),
            NoWorker(job, statistics.Workers),
            Scheduled(job, now),
            After(standing),
            AfterBatch(standing),
            Behind(standing),
            InLine(standing),
        ];
        return [.. reasons.OfType<WaitReason>()];
    }

    private static bool Waits(Job job) => job.State is JobState.Pending or JobState.Waiting;

    private static WaitReason? Paused(Pause? pause, string what) =>
        pause is null ? null : new("paused", $"The {what} '{pause.Name}' is paused since {Time(pause.Since)}, by {pause.By}.");

    private static WaitReason? NoWorker(Job job, IReadOnlyList<WorkerView> workers)
    {
        if (workers.Count == 0)
            return new("no_worker", "No worker is alive that could run it.");
        var capable = workers.Where(worker => worker.Types.Contains(job.Type)).ToList();
        if (capable.Count == 0)
            return new("no_worker", $"No live worker has a handler for the type '{job.Type}'.");
        return capable.Any(worker => worker.Queues.Contains(job.Queue)) ? null : new("no_worker", $"No live worker with a handler for it serves the queue '{job.Queue}'.");
    }

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

    private static WaitReason? Behind(Standing standing)
    {
        if (standing.Job is not { State: JobState.Waiting, ExclusiveKey: { } key } || Awaited(standing).Any() || AwaitsBatch(standing))
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
        : new("priority", $"{Count(standing.AheadInLine, "job")} of its queue {(standing.AheadInLine == 1 ? "comes" : "come")} before it.");

    private static string Jobs(long number) => $"{Number(number)} job{(number == 1 ? "" : "s")}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(long number, string what) => string.Create(CultureInfo.InvariantCulture,
        $"{(number >= Standing.CountedAtMost ? $"{Standing.CountedAtMost:N0} and more" : number.ToString("N0", CultureInfo.InvariantCulture))} {what}{(number == 1 ? "" : "s")}");

    private static string Times(int failures) => failures == 1 ? "once" : $"{failures.ToString(CultureInfo.InvariantCulture)} times";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
