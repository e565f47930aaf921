using System.Data.Common;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The schedules: what they are, and that each tick counts once.</summary>
internal sealed class Schedules(Database database, Lanes lanes, Action<DateTimeOffset> told)
{
    private const string Patience = "2s";

    // Whoever reads them decides on their ticks next, by the store's time.
    public Task<List<Schedule>> FindAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken)
    {
        var batch = database.Batch().Add("clock");
        return database.RunAsync(dueBy is { } time ? batch.Add("due-schedules", Value.Of(time)) : batch.Add("schedules"), async reader =>
        {
            told(await reader.FirstAsync(row => row.Time(0)).ConfigureAwait(false));
            return await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Row).ConfigureAwait(false);
        }, cancellationToken);
    }

    public Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken) =>
        database.TransactAsync(async transaction =>
        {
            await transaction.RunAsync(transaction.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("lock-schedules", Value.Of((long)database.LockSpace))).ConfigureAwait(false);
            var there = await transaction.RunAsync(transaction.Batch().Add("schedules"), reader => reader.AllAsync(Row)).ConfigureAwait(false);
            var changes = ScheduleChanges.Of(there, schedules, owner);
            var batch = transaction.Batch();
            foreach (var put in changes.Puts)
            {
                batch.Add("put-schedule",
                    Value.Of(put.Name), Value.Of(put.Timing), Value.Of(put.Settings), Value.OfUtf8(put.Payload), Value.Of(put.Program), Value.Of(put.Version), Value.Of(put.By),
                    Value.Of(put.Revision), Value.Of(put.Anchor), Value.Of(put.Next), Value.Of(put.LastTick), Value.Of(put.LastJob?.Value), Value.OfUtf8(ScheduleJson.Said(put, owner.By)));
            }
            foreach (var name in changes.Removals)
                batch.Add("remove-schedule", Value.Of(name), Said(name, owner.By));
            if (batch.Commands.BatchCommands.Count > 0)
                await transaction.RunAsync(batch).ConfigureAwait(false);
            return changes.Answers;
        }, cancellationToken);

    /// <returns>False when there is none.</returns>
    public Task<bool> RemoveAsync(string name, string by, CancellationToken cancellationToken) =>
        database.RunAsync(
            database.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("remove-schedule", Value.Of(name), Said(name, by)),
            async reader => await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(_ => true).ConfigureAwait(false), cancellationToken);

    public async Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken)
    {
        await lanes.MakeAsync(ticks.SelectMany(tick => tick.Jobs), cancellationToken).ConfigureAwait(false);
        return await database.TransactAsync(async transaction =>
        {
            await transaction.RunAsync(transaction.Batch().Add("require-service", Value.Of(database.LockSpace))).ConfigureAwait(false);
            var ticked = new Ticked[ticks.Count];
            // In one order, so that two that carry out the same ticks do not wait for each other.
            foreach (var (place, tick) in ticks.Index().OrderBy(each => each.Item.Schedule.Name, StringComparer.Ordinal))
                ticked[place] = await CarryAsync(transaction, tick).ConfigureAwait(false);
            return (IReadOnlyList<Ticked>)ticked;
        }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Ticked> CarryAsync(Transaction transaction, Tick tick)
    {
        var taken = await transaction.RunAsync(
            transaction.Batch().Add("take-tick",
                Value.Of(tick.Schedule.Name), Value.Of(tick.Schedule.Revision), Value.Of(tick.Schedule.Next), Value.Of(Times.Whole(tick.Next)), Value.Of(Times.Whole(tick.At)),
                tick.By is { } by ? Said(tick.Schedule.Name, by) : Value.Of((string?)null)),
            reader => reader.FirstAsync(_ => true)).ConfigureAwait(false);
        if (!taken)
            return Ticked.TooLate;
        if (tick.Jobs.Count == 0)
            return new Ticked(true, []);
        var storing = new Storing(database, tick.Jobs, lanes.Of, Patience);
        var answers = await storing.CarryOutAsync(transaction.RunAsync).ConfigureAwait(false);
        if (answers.LastOrDefault(answer => !answer.Existing) is { Id.Value: > 0 } last)
            await transaction.RunAsync(transaction.Batch().Add("ticked", Value.Of(tick.Schedule.Name), Value.Of(last.Id.Value))).ConfigureAwait(false);
        return new Ticked(true, answers);
    }

    private static NpgsqlParameter Said(string name, string by) => Value.OfUtf8(ScheduleJson.Said(name, by));

    private static Schedule Row(DbDataReader row) => new()
    {
        Name = row.Text(0),
        Timing = row.Text(1),
        Settings = row.Text(2),
        Payload = row.Utf8(3),
        Program = row.TextOrNull(4),
        Version = row.Text(5),
        By = row.Text(6),
        Revision = row.Long(7),
        Anchor = row.Time(8),
        Next = row.TimeOrNull(9),
        LastTick = row.TimeOrNull(10),
        LastJob = row.LongOrNull(11) is { } job ? new JobId(job) : null,
    };
}
