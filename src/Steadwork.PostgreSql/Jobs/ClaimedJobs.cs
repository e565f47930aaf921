using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Jobs that a worker holds, as they are read: with the number of their lane, of which the names are known, as a rule.</summary>
internal sealed class ClaimedJobs(Lanes lanes)
{
    private readonly List<ClaimedJob> jobs = [];
    private readonly List<(int Place, int Lane)> unnamed = [];

    public int Count => jobs.Count;

    /// <summary>Adds that of a row, and answers its lane.</summary>
    public int Add(DbDataReader row, bool isProbe = false)
    {
        var lane = row.Int(2);
        if (!lanes.TryName(lane, out var name))
            unnamed.Add((jobs.Count, lane));
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

    /// <summary>All of them, in the order of their leases, which is that of the line.</summary>
    public async Task<List<ClaimedJob>> InLineAsync()
    {
        if (unnamed.Count > 0)
        {
            await lanes.LearnAsync(unnamed.Select(job => job.Lane)).ConfigureAwait(false);
            foreach (var (place, lane) in unnamed)
                jobs[place] = lanes.TryName(lane, out var name)
                    ? jobs[place] with { Queue = name.Queue, Type = name.Type }
                    : throw new InvalidOperationException($"Job {jobs[place].Id} is in lane {lane}, which there is not.");
        }
        jobs.Sort(static (one, other) => one.Lease.Value.CompareTo(other.Lease.Value));
        return jobs;
    }
}
