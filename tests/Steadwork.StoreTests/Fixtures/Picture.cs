using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Steadwork.Storage;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Everything that a store shows, as text, so that two stores or two moments can be compared and a difference read.</summary>
internal static class Picture
{
    public static async Task<string> OfAsync(IStore store)
    {
        var text = new StringBuilder(await WithoutLogAsync(store));
        foreach (var entry in await store.LogAsync())
            text.AppendLine(Line(entry));
        return text.ToString();
    }

    /// <param name="store">The store.</param>
    /// <param name="hasAttempts">Whether the attempts of a job belong into the picture, by its line; null for all.</param>
    public static async Task<string> WithoutLogAsync(IStore store, Predicate<string>? hasAttempts = null)
    {
        var text = new StringBuilder();
        foreach (var job in (await store.FindAllAsync()).Reverse())
        {
            var line = Line(job);
            text.AppendLine(line);
            if (hasAttempts?.Invoke(line) is false)
                continue;
            foreach (var attempt in await store.AttemptsAsync(job.Id))
                text.AppendLine(Line(attempt));
        }
        var statistics = await store.StatisticsAsync();
        foreach (var lane in statistics.Lanes)
            text.AppendLine(Text($"lane {lane.Queue}/{lane.Type}: {lane.Counts}"));
        foreach (var batch in await store.BatchesAsync([.. Enumerable.Range(1, 100).Select(number => new BatchId(number))], CancellationToken.None))
            text.AppendLine(Text($"batch {batch.Id} {batch.Name} open={batch.IsOpen} created={Time(batch.CreatedAt)} ended={Time(batch.EndedAt)} follower={batch.Follower} {batch.Counts} deleted={batch.Deleted}"));
        foreach (var pause in statistics.Pauses)
            text.AppendLine(Text($"paused {pause.Scope} {pause.Name} since {Time(pause.Since)} by {pause.By}"));
        if (await store.RetentionAsync(CancellationToken.None) is { } retention)
            text.AppendLine(Text($"keeps {string.Join("; ", retention.Rules.Rules)} log {retention.Rules.Log} since {Time(retention.Since)} by {retention.By}"));
        foreach (var schedule in await store.SchedulesAsync(null, CancellationToken.None))
        {
            text.AppendLine(Text($"schedule {schedule.Name} {schedule.Timing} {schedule.Settings} {Some.Text(schedule.Payload)} of {schedule.Program}/{schedule.Version} by {schedule.By} revision={schedule.Revision} ")
                + Text($"anchor={Time(schedule.Anchor)} next={Time(schedule.Next)} last={Time(schedule.LastTick)} {schedule.LastJob}"));
        }
        foreach (var limit in await store.LimitsAsync(CancellationToken.None))
            text.AppendLine(Text($"limit {limit.Limit} since {Time(limit.Since)} by {limit.By} left={limit.Left} more={Time(limit.MoreAt)}"));
        foreach (var breaker in await store.BreakersAsync(CancellationToken.None))
        {
            text.AppendLine(Text($"breaker {breaker.Definition.Name} {breaker.Definition.FailureRatio} {breaker.Definition.MinimumCalls} {breaker.Definition.Window} {breaker.Definition.BreakTime} {breaker.Definition.Probes} ")
                + Text($"{breaker.Circuit.State} since={Time(breaker.Circuit.Since)} until={Time(breaker.Circuit.Until)} let={breaker.Circuit.LetThrough} passed={breaker.Circuit.Passed} {breaker.Window} of {Join(breaker.Types)}"));
        }
        foreach (var worker in statistics.Workers)
            text.AppendLine(Text($"worker {worker.Id} {worker.Name} of {Join(worker.Queues)}/{Join(worker.Types)} with {Join(worker.Tags)} since {Time(worker.StartedAt)} runs {worker.Running}"));
        text.AppendLine(Text($"log up to {statistics.LogPosition}"));
        return text.ToString();
    }

    public static string Line(LogEntry entry) =>
        Text($"log {entry.Position} {Time(entry.At)} {entry.Kind} job={entry.Job} lease={entry.Lease} worker={entry.Worker} {Some.Text(entry.Data)}");

    public static string Line(ClaimedJob job) =>
        Text($"claimed {job.Id} lease={job.Lease} {job.Queue}/{job.Type} attempt={job.Attempt} failures={job.Failures}/{job.MaxAttempts} timeout={job.Timeout} trace={job.TraceParent} alone={job.Alone} probe={job.IsProbe} tags={Join(job.Tags)} batch={job.BatchId} {Some.Text(job.Payload)}");

    public static string Time(DateTimeOffset? time) => time?.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture) ?? "-";

    private static string Line(Job job) =>
        Text($"job {job.Id} {job.Queue}/{job.Type} p{job.Priority} {job.State.Name()} attempt={job.Attempt} failures={job.Failures}/{job.MaxAttempts} alone={job.Alone} ")
        + Text($"run={Time(job.RunAt)} expires={Time(job.ExpiresAt)} created={Time(job.CreatedAt)} started={Time(job.StartedAt)} finished={Time(job.FinishedAt)} worker={job.Worker} ")
        + Text($"batch={job.BatchId} unique={job.UniqueKey} exclusive={job.ExclusiveKey}/{job.ExclusiveLimit} requires={Join(job.Requires)} tags={Join(job.Tags)} timeout={job.Timeout} trace={job.TraceParent} payload={Some.Text(job.Payload)} result={Some.Text(job.Result)} error={job.LastError} cancel={job.CancelReason}");

    private static string Line(Attempt attempt) =>
        Text($"  attempt {attempt.Number} by {attempt.Worker} {Time(attempt.StartedAt)} to {Time(attempt.FinishedAt)} {attempt.Outcome} {attempt.Error} {Some.Text(attempt.Result)}");

    private static string Join(IReadOnlyList<string> names) => string.Join(',', names);

    // Most of the time of the comparisons goes into these texts, and a format that is read anew each time would double it.
    private static string Text(DefaultInterpolatedStringHandler text) => text.ToStringAndClear();
}
