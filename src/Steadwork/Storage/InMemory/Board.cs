namespace Steadwork.Storage.InMemory;

/// <summary>The schedules.</summary>
internal sealed class Board
{
    private readonly SortedDictionary<string, Schedule> schedules = new(StringComparer.Ordinal);

    public IReadOnlyList<Schedule> All => [.. schedules.Values];

    /// <returns>Whether the schedule is still as it was when the tick was decided on.</returns>
    public bool Take(Tick tick)
    {
        if (!schedules.TryGetValue(tick.Schedule.Name, out var now) || now.Revision != tick.Schedule.Revision || now.Next != tick.Schedule.Next)
            return false;
        schedules[now.Name] = now with { Next = Times.Whole(tick.Next), LastTick = Times.Whole(tick.At) ?? now.LastTick };
        return true;
    }

    public void Enqueued(string name, JobId job) => schedules[name] = schedules[name] with { LastJob = job };

    public void Put(Schedule schedule) => schedules[schedule.Name] = schedule;

    public bool Remove(string name) => schedules.Remove(name);
}
