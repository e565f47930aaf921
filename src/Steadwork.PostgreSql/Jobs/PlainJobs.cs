using System.Data.Common;
using System.Text;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Jobs for which nothing that is there has to be looked at, as most: one statement stores them and answers their ids.</summary>
internal static class PlainJobs
{
    /// <summary>Whether a job is one of them.</summary>
    public static bool Is(NewJob job) =>
        job is { UniqueKey: null, ExclusiveKey: null, Batch: null, ExpiresIn: null, ExpiresAt: null, RunsAnyway: false, AfterBatch: null, After.Count: 0, AfterPlaces.Count: 0 };

    /// <summary>Adds the statement that stores them, and refuses to where the store is retired.</summary>
    public static void AddTo(Batch batch, IReadOnlyList<NewJob> jobs, Func<NewJob, int> laneOf, int lockSpace)
    {
        if (jobs is [var single])
            batch.Add("enqueue-single", Value.Of(laneOf(single)), Value.Of(single.Priority), Value.Of(single.MaxAttempts), Value.Of(Wait(single)), Value.Of(RunAt(single)),
                Value.Of(Timeout(single)), Value.Of(single.TraceParent), Value.Of(Tags(single)), Value.Of(Payload(single)), Value.Of(lockSpace));
        else
            batch.Add("enqueue-plain", [.. Columns(jobs, jobs.Column(laneOf)), Value.Of(lockSpace)]);
    }

    /// <summary>What is said of each job of a list, be it plain or not: a column an array.</summary>
    public static NpgsqlParameter[] Columns(IReadOnlyList<NewJob> jobs, int[] lanes) =>
    [
        Value.Of(lanes),
        Value.Of(jobs.Column(job => (short)job.Priority)),
        Value.Of(jobs.Column(job => job.MaxAttempts)),
        Value.Of(jobs.Column(Wait)),
        Value.Of(jobs.Sparse(RunAt)),
        Value.Of(jobs.Sparse(Timeout)),
        Value.Of(jobs.Sparse(job => job.TraceParent)),
        Value.Of(jobs.Sparse(Tags)),
        Value.Of(jobs.Column(Payload)),
    ];

    /// <summary>Reads the answer, which is one a job, in order.</summary>
    public static async Task<EnqueuedJob[]> ReadAsync(DbDataReader reader) =>
        Array.ConvertAll((await reader.FirstAsync(row => row.GetFieldValue<long[]>(0)).ConfigureAwait(false))!, id => new EnqueuedJob(new JobId(id), Existing: false, JobState.Pending));

    private static long Wait(NewJob job) => (long)job.Delay.TotalMilliseconds;

    public static DateTimeOffset? RunAt(NewJob job) => Times.Whole(job.RunAt)?.ToUniversalTime();

    private static long? Timeout(NewJob job) => (long?)job.Timeout?.TotalMilliseconds;

    private static string? Tags(NewJob job) => job.Tags.Count == 0 ? null : Encoding.UTF8.GetString(TagsJson.Write(job.Tags).Span);

    private static string Payload(NewJob job) => Encoding.UTF8.GetString(job.Payload.Span);
}
