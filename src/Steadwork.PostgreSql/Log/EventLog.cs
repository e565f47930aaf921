using System.Text;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Log;

/// <summary>Writes to the log, gives its entries their places, and reads it.</summary>
internal sealed class EventLog(Database database)
{
    private const int EnoughPlaces = 5000;

    public Task<bool[]> AppendAsync(IReadOnlyList<NewLogEntry> entries, CancellationToken cancellationToken)
    {
        // A lease without a job is nobody's.
        NewLogEntry[] all = [.. entries];
        var batch = database.Batch();
        var held = all.All(entry => entry.Lease is not null);
        // What belongs to no running job could come after the copy of a retired store has been read.
        if (!held)
            batch.Add("require-service", Value.Of(database.LockSpace));
        batch.Add("append",
            Value.Of(Array.ConvertAll(all, entry => (string?)entry.Kind)),
            Value.Of(Array.ConvertAll(all, entry => entry.Job?.Value)),
            Value.Of(Array.ConvertAll(all, entry => entry.Lease?.Value)),
            Value.Of(Array.ConvertAll(all, entry => entry.Data.IsEmpty ? null : Encoding.UTF8.GetString(entry.Data.Span))));
        return database.RunAsync(batch, async reader =>
        {
            var written = new bool[all.Length];
            if (!held)
                await reader.NextAsync().ConfigureAwait(false);
            foreach (var place in await reader.AllAsync(row => row.Long(0)).ConfigureAwait(false))
                written[place - 1] = true;
            return written;
        }, cancellationToken);
    }

    public async Task<List<LogEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        await GivePlacesAsync(cancellationToken).ConfigureAwait(false);
        return await database.RunAsync(database.Batch().Add("read-log", Value.Of(after), Value.Of((long)limit)), reader => reader.AllAsync(row => new LogEntry(
            row.Long(0), row.Time(1), row.Text(2),
            row.LongOrNull(3) is { } job ? new JobId(job) : null,
            row.LongOrNull(4) is { } lease ? new LeaseToken(lease) : null,
            row.LongOrNull(5) is { } worker ? new WorkerId(worker) : null,
            row.Utf8(6))), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The position of the newest entry that is committed.</summary>
    public async Task<long> PositionAsync(CancellationToken cancellationToken)
    {
        await GivePlacesAsync(cancellationToken).ConfigureAwait(false);
        return await database.RunAsync(database.Batch().Add("log-position"), reader => reader.FirstAsync(row => row.Long(0)), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives a place to all that is committed by now, some at a time.</summary>
    public async Task GivePlacesAsync(CancellationToken cancellationToken)
    {
        long given;
        do
        {
            var batch = database.Batch().Add("lock-places", Value.Of((long)database.LockSpace)).Add("give-places");
            given = await database.RunAsync(batch, async reader =>
                await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Long(0)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        while (given == EnoughPlaces);
    }
}
