using Steadwork.Storage;

namespace Steadwork;

/// <summary>The schedules of a store: to see them, to define some while a program runs, to pause them or have them tick out of turn. All of it holds for every worker at once.</summary>
/// <remarks>What a program always has is better defined with <see cref="SteadworkBuilder"/>: <c>AddSchedule</c>.</remarks>
public sealed class JobSchedules
{
    private readonly IStore store;
    private readonly JobQueue jobs;

    internal JobSchedules(IStore store, JobQueue jobs) => (this.store, this.jobs) = (store, jobs);

    /// <summary>All schedules, by name.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<IReadOnlyList<Schedule>> ListAsync(CancellationToken cancellationToken = default) => store.SchedulesAsync(dueBy: null, cancellationToken);

    /// <summary>Defines a schedule by a cron line, in the place of one of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cron">The line; see <see cref="CronLine"/>.</param>
    /// <param name="payload">The payload of each tick's job.</param>
    /// <param name="by">Who defines it, for people and the log.</param>
    /// <param name="configure">What it says for itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">It is refused; the message says why and what would be right.</exception>
    /// <exception cref="FormatException">The line or the time zone is none.</exception>
    public Task SetAsync<TJob>(string name, string cron, TJob payload, string by, Action<ScheduleOptions>? configure = null, CancellationToken cancellationToken = default) =>
        SetAsync(Make(jobs, name, options => new ScheduleTiming.Cron(CronLine.Parse(cron), TimeZoneName.Find(options.TimeZone)), payload, configure), by, cancellationToken);

    /// <summary>Defines a schedule by an interval, in the place of one of that name. It ticks the first time after one interval.</summary>
    /// <inheritdoc cref="SetAsync{TJob}(string, string, TJob, string, Action{ScheduleOptions}?, CancellationToken)"/>
    /// <param name="name">Its name.</param>
    /// <param name="interval">From one tick to the next: from 1 second to 366 days, in whole milliseconds.</param>
    /// <param name="payload">The payload of each tick's job.</param>
    /// <param name="by">Who defines it, for people and the log.</param>
    /// <param name="configure">What it says for itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task SetAsync<TJob>(string name, TimeSpan interval, TJob payload, string by, Action<ScheduleOptions>? configure = null, CancellationToken cancellationToken = default) =>
        SetAsync(Make(jobs, name, _ => new ScheduleTiming.Every(interval), payload, configure), by, cancellationToken);

    /// <summary>Removes a schedule; the jobs that it has enqueued stay. One that a program has in its code comes back when that starts again.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when there is none.</returns>
    public Task<bool> RemoveAsync(string name, string by, CancellationToken cancellationToken = default) => store.RemoveScheduleAsync(name, by, cancellationToken);

    /// <summary>Has a schedule tick now, out of turn; its next tick stays. A paused one ticks, too.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The job; where a tick is skipped while the last job has not ended, that one. Null when there is no such schedule.</returns>
    public Task<EnqueuedJob?> TriggerAsync(string name, string by, CancellationToken cancellationToken = default) => store.TriggerAsync(name, by, cancellationToken);

    /// <summary>Lets a schedule tick no more until it is resumed.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is paused already, null when there is no such schedule.</returns>
    public Task<bool?> PauseAsync(string name, string by, CancellationToken cancellationToken = default) => store.PauseScheduleAsync(name, by, cancellationToken);

    /// <summary>Lets a schedule tick again, from its next tick on: what would have been during the pause is not missed.</summary>
    /// <inheritdoc cref="PauseAsync"/>
    /// <returns>False when it is not paused, null when there is no such schedule.</returns>
    public Task<bool?> ResumeAsync(string name, string by, CancellationToken cancellationToken = default) => store.ResumeScheduleAsync(name, by, cancellationToken);

    /// <summary>A definition, checked.</summary>
    internal static ScheduleDefinition Make<TJob>(JobQueue jobs, string name, Func<ScheduleOptions, ScheduleTiming> timing, TJob payload, Action<ScheduleOptions>? configure)
    {
        var options = new ScheduleOptions();
        configure?.Invoke(options);
        var definition = new ScheduleDefinition
        {
            Name = name,
            Timing = timing(options),
            Job = jobs.Make(payload, options.Job) with { TraceParent = null },
            Overlap = options.Overlap,
            CatchUp = new CatchUpRule { Missed = options.Missed, Grace = options.Grace },
        };
        return definition.Refusal() is { } refusal ? throw new ArgumentException(refusal) : definition;
    }

    private async Task SetAsync(ScheduleDefinition definition, string by, CancellationToken cancellationToken) =>
        await store.DefineAsync([definition.From(store.Now)], new ScheduleOwner(Program: null, Version: "0", by, Replace: true), cancellationToken).ConfigureAwait(false);
}
