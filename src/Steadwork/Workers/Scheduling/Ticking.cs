using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork.Workers.Scheduling;

/// <summary>Looks which schedules are due and has them tick. Any number may do so at once: the store sees to it that a tick counts once.</summary>
internal sealed class Ticking(IStore store, ILogger logger)
{
    // Read ahead, so that one look at a tick tells of the next one as well.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(10);

    private readonly HashSet<(string Name, long Revision)> unreadable = [];

    /// <summary>Carries out what is due.</summary>
    /// <param name="now">The time on the store's clock.</param>
    /// <returns>The next tick, as far as is known.</returns>
    public async Task<DateTimeOffset?> TickDueAsync(DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        var ticks = new List<Tick>();
        foreach (var schedule in await store.SchedulesAsync(now + Ahead, CancellationToken.None).ConfigureAwait(false))
        {
            if (schedule.Next > now)
                next = Earlier(next, schedule.Next);
            else if (Decide(schedule, now) is { } tick)
                ticks.Add(tick);
        }
        if (ticks.Count == 0)
            return next;
        foreach (var (tick, ticked) in ticks.Zip(await store.TickAsync(ticks, CancellationToken.None).ConfigureAwait(false)))
        {
            next = Earlier(next, tick.Next);
            if (ticked.Accepted)
                logger.ScheduleTicked(tick.Schedule.Name, ticked.Jobs.Count(job => !job.Existing), tick.Jobs.Count);
        }
        return next;
    }

    /// <summary>What the time has brought to a schedule; null when this program cannot read it: another may.</summary>
    private Tick? Decide(Schedule schedule, DateTimeOffset now)
    {
        try
        {
            var definition = schedule.Read();
            var due = definition.CatchUp.Due(definition.Timing, schedule.Next!.Value, schedule.Anchor, now);
            return new Tick(schedule, definition.JobsOf(due.Run), due.Run.Count == 0 ? null : due.Run[^1], due.Next);
        }
        catch (FormatException error)
        {
            if (unreadable.Add((schedule.Name, schedule.Revision)))
                logger.ScheduleUnreadable(schedule.Name, error.Message);
            return null;
        }
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;
}
