namespace Steadwork.Storage;

/// <summary>What people ask of one schedule: looked at, decided, and carried out if nothing has changed meanwhile; else again.</summary>
internal static class ScheduleRequests
{
    /// <summary>A definition on its way into a store, with its first tick after a time.</summary>
    public static NewSchedule From(this ScheduleDefinition definition, DateTimeOffset now) => new(definition, Times.Whole(now), definition.Timing.Next(now, Times.Whole(now)));

    public static async Task<Schedule?> ScheduleAsync(this IScheduleStore store, string name, CancellationToken cancellationToken) =>
        (await store.SchedulesAsync(dueBy: null, cancellationToken).ConfigureAwait(false)).FirstOrDefault(schedule => schedule.Name == name);

    /// <inheritdoc cref="JobSchedules.TriggerAsync"/>
    public static async Task<EnqueuedJob?> TriggerAsync(this IStore store, string name, string by, CancellationToken cancellationToken)
    {
        while (await store.ScheduleAsync(name, cancellationToken).ConfigureAwait(false) is { } schedule)
        {
            var tick = new Tick(schedule, [schedule.Read().JobOf()], At: null, schedule.Next, by);
            if ((await store.TickAsync([tick], cancellationToken).ConfigureAwait(false))[0] is { Accepted: true } ticked)
                return ticked.Jobs[0];
        }
        return null;
    }

    /// <inheritdoc cref="JobSchedules.PauseAsync"/>
    public static async Task<bool?> PauseScheduleAsync(this IStore store, string name, string by, CancellationToken cancellationToken) =>
        await store.ScheduleAsync(name, cancellationToken).ConfigureAwait(false) is null ? null
        : await store.PauseAsync(PauseScope.Schedule, name, by, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc cref="JobSchedules.ResumeAsync"/>
    public static async Task<bool?> ResumeScheduleAsync(this IStore store, string name, string by, CancellationToken cancellationToken)
    {
        while (await store.ScheduleAsync(name, cancellationToken).ConfigureAwait(false) is { } schedule)
        {
            if ((await store.StatisticsAsync(cancellationToken).ConfigureAwait(false)).PauseOf(PauseScope.Schedule, name) is null)
                return false;
            // While it is paused still: else a worker could take the ticks of the pause for missed ones.
            var next = schedule.Next <= store.Now ? schedule.Read().Timing.Next(store.Now, schedule.Anchor) : schedule.Next;
            if ((await store.TickAsync([new Tick(schedule, [], At: null, next)], cancellationToken).ConfigureAwait(false))[0].Accepted)
                return await store.ResumeAsync(PauseScope.Schedule, name, by, cancellationToken).ConfigureAwait(false);
        }
        return null;
    }
}
