using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Reads jobs that a worker holds. A row has the number of its lane, and the names of that where they are not known yet.</summary>
internal sealed class ClaimedJobs(Lanes lanes)
{
    private readonly List<ClaimedJob> jobs = [];

    public int Count => jobs.Count;

    /// <summary>Adds that of a row, and answers its lane.</summary>
    public int Add(DbDataReader row, bool isProbe = false)
    {
        var lane = row.Int(2);
        if (!lanes.TryName(lane, out var name))
            lanes.Name(lane, name = (row.Text(12), row.Text(13)));
        jobs.Add(new ClaimedJob
        {
            Id = new JobId(row.Long(0)),
            Lease = new LeaseToken(row.Long(1)),
            Type = name.Type,
            Queue = name.Queue,
            Attempt = row.Int(3),
            Failures = row.Int(4),
            MaxAttempts = row.Int(5),
            Alone = row.Bool(6),
            Timeout = row.MillisecondsOrNull(7),
            TraceParent = row.TextOrNull(8),
            Tags = TagsJson.Read(row.TextOrNull(9)),
            Payload = row.Utf8(10),
            BatchId = row.LongOrNull(11) is { } batch ? new BatchId(batch) : null,
            IsProbe = isProbe,
        });
        return lane;
    }

    /// <summary>All of them, as they were read.</summary>
    public List<ClaimedJob> All => jobs;

    /// <summary>All of them, in the order of their leases, which is that of the line.</summary>
    public List<ClaimedJob> InLine()
    {
        jobs.Sort(static (one, other) => one.Lease.Value.CompareTo(other.Lease.Value));
        return jobs;
    }
}
