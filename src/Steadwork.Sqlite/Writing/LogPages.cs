using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// The entries that a transaction leaves in the log. Those that follow each other, of one kind, time and worker and with nothing more to
/// say, are gathered into one row: a row each would cost as much as the transitions that they tell of.
/// </summary>
internal sealed class LogPages(Database database)
{
    private const int MostInARow = 1000, LongestNumber = 20;

    private readonly ArrayBufferWriter<byte> jobs = new();
    private (string Kind, long At, long? Worker) gathering;
    private int entries;
    private long? last;

    /// <summary>Appends an entry.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="at">When.</param>
    /// <param name="job">To which job.</param>
    /// <param name="lease">Under which lease.</param>
    /// <param name="worker">By which worker, or to which.</param>
    /// <param name="data">More; empty for none.</param>
    public void Add(string kind, long at, long? job, long? lease, long? worker, ReadOnlyMemory<byte> data)
    {
        if (entries > 0 && (gathering != (kind, at, worker) || job is null || !data.IsEmpty || entries == MostInARow))
            Flush();
        gathering = (kind, at, worker);
        entries++;
        if (job is { } about)
            Write(about, lease);
        if (job is null || !data.IsEmpty)
            Flush(data);
    }

    /// <summary>The next entry has the place after this one.</summary>
    public void Turn(long position)
    {
        if (last + entries == position)
            return;
        Flush();
        last = position;
    }

    /// <summary>Writes what is gathered.</summary>
    public void Flush() => Flush(default);

    /// <summary>Drops what is gathered, and what is known of the log: the next transaction may come after one of another process.</summary>
    public void Forget()
    {
        (entries, last) = (0, null);
        jobs.ResetWrittenCount();
    }

    private void Flush(ReadOnlyMemory<byte> data)
    {
        if (entries == 0)
            return;
        if (jobs.WrittenCount > 0)
            jobs.Write("]"u8);
        last = (last ?? database["log-position"].First(row => row.Long(0))) + entries;
        database["insert-log"]
            .Bind(1, last).Bind(2, entries).Bind(3, gathering.At).Bind(4, gathering.Kind).BindText(5, jobs.WrittenMemory).Bind(6, gathering.Worker).BindText(7, data).Run();
        entries = 0;
        jobs.ResetWrittenCount();
    }

    private void Write(long job, long? lease)
    {
        jobs.Write(jobs.WrittenCount == 0 ? "["u8 : ","u8);
        if (lease is null)
        {
            WriteNumber(job);
            return;
        }
        jobs.Write("["u8);
        WriteNumber(job);
        jobs.Write(","u8);
        WriteNumber(lease.Value);
        jobs.Write("]"u8);
    }

    private void WriteNumber(long number)
    {
        Utf8Formatter.TryFormat(number, jobs.GetSpan(LongestNumber), out var length);
        jobs.Advance(length);
    }

    /// <summary>The entries of a row of the log: its last position, how many, at, kind, jobs, worker, data.</summary>
    public static IEnumerable<LogEntry> Read(Statement row)
    {
        var (position, count) = (row.Long(0), row.Int(1));
        var (at, kind) = (DateTimeOffset.FromUnixTimeMilliseconds(row.Long(2)), row.Text(3));
        var worker = row.LongOrNull(5) is { } number ? new WorkerId(number) : (WorkerId?)null;
        var data = row.IsNull(6) ? default(ReadOnlyMemory<byte>) : row.Bytes(6);
        return row.IsNull(4)
            ? [new LogEntry(position, at, kind, null, null, worker, data)]
            : Jobs(row.Bytes(4)).Select((about, place) => new LogEntry(position - count + 1 + place, at, kind, about.Job, about.Lease, worker, data));
    }

    private static List<(JobId Job, LeaseToken? Lease)> Jobs(ReadOnlySpan<byte> json)
    {
        var all = new List<(JobId, LeaseToken?)>();
        var reader = new Utf8JsonReader(json);
        long? job = null;
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray && reader.CurrentDepth == 1)
                job = null;
            else if (reader.TokenType is not JsonTokenType.Number)
                continue;
            else if (reader.CurrentDepth == 1)
                all.Add((new JobId(reader.GetInt64()), null));
            else if (job is not { } about)
                job = reader.GetInt64();
            else
                all.Add((new JobId(about), new LeaseToken(reader.GetInt64())));
        }
        return all;
    }
}
