using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>The schedules: what they are, and that each tick counts once.</summary>
internal static class Schedules
{
    public static List<Schedule> All(Database database) => database["schedules"].All(Row);

    public static List<Schedule> DueBy(Database database, DateTimeOffset time)
    {
        var due = database["due-schedules"].Bind(1, time.ToUnixTimeMilliseconds()).All(Row);
        due.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return due;
    }

    /// <summary>When the next one ticks.</summary>
    public static DateTimeOffset? NextTick(Database database) => database["next-tick"].First(row => Time(row.Long(0)));

    public static IReadOnlyList<Defined> Define(WriteTransaction transaction, IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner)
    {
        transaction.RequireService();
        var changes = ScheduleChanges.Of(All(transaction.Database), schedules, owner);
        foreach (var put in changes.Puts)
        {
            transaction.Database["put-schedule"]
                .Bind(1, put.Name).Bind(2, put.Timing).Bind(3, put.Settings).BindText(4, put.Payload).Bind(5, put.Program).Bind(6, put.Version).Bind(7, put.By).Bind(8, put.Revision)
                .Bind(9, put.Anchor.ToUnixTimeMilliseconds()).Bind(10, put.Next?.ToUnixTimeMilliseconds()).Bind(11, put.LastTick?.ToUnixTimeMilliseconds()).Bind(12, put.LastJob?.Value).Run();
            Log(transaction, LogKinds.ScheduleDefined, ScheduleJson.Said(put, owner.By));
        }
        foreach (var name in changes.Removals)
            Remove(transaction, name, owner.By);
        transaction.WakeAfterCommit(WakeUp.Jobs);
        return changes.Answers;
    }

    /// <returns>False when there is none.</returns>
    public static bool Remove(WriteTransaction transaction, string name, string by)
    {
        transaction.RequireService();
        transaction.Database["remove-schedule"].Bind(1, name).Run();
        if (transaction.Database.Changes == 0)
            return false;
        transaction.Database["resume"].Bind(1, PauseScope.Schedule.Name()).Bind(2, name).Run();
        Log(transaction, LogKinds.ScheduleRemoved, ScheduleJson.Said(name, by));
        return true;
    }

    public static Ticked Carry(WriteTransaction transaction, Tick tick, Func<WriteTransaction, IReadOnlyList<NewJob>, EnqueuedJob[]> enqueue)
    {
        transaction.RequireService();
        transaction.Database["take-tick"]
            .Bind(1, tick.Schedule.Name).Bind(2, tick.Schedule.Revision).Bind(3, tick.Schedule.Next?.ToUnixTimeMilliseconds())
            .Bind(4, tick.Next?.ToUnixTimeMilliseconds()).Bind(5, tick.At?.ToUnixTimeMilliseconds()).Run();
        if (transaction.Database.Changes == 0)
            return Ticked.TooLate;
        if (tick.By is { } by)
            Log(transaction, LogKinds.Triggered, ScheduleJson.Said(tick.Schedule.Name, by));
        var answers = enqueue(transaction, tick.Jobs);
        if (answers.LastOrDefault(answer => !answer.Existing) is { Id.Value: > 0 } last)
            transaction.Database["ticked"].Bind(1, tick.Schedule.Name).Bind(2, last.Id.Value).Run();
        return new Ticked(true, answers);
    }

    private static void Log(WriteTransaction transaction, string kind, ReadOnlyMemory<byte> said) => transaction.Log(kind, transaction.Now, null, null, null, said);

    private static Schedule Row(Statement row) => new()
    {
        Name = row.Text(0),
        Timing = row.Text(1),
        Settings = row.Text(2),
        Payload = row.Bytes(3),
        Program = row.TextOrNull(4),
        Version = row.Text(5),
        By = row.Text(6),
        Revision = row.Long(7),
        Anchor = Time(row.Long(8))!.Value,
        Next = Time(row.LongOrNull(9)),
        LastTick = Time(row.LongOrNull(10)),
        LastJob = row.LongOrNull(11) is { } job ? new JobId(job) : null,
    };

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } some ? DateTimeOffset.FromUnixTimeMilliseconds(some) : null;
}
