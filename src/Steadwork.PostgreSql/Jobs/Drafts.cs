using System.Text;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Jobs on their way into the store, a column at a time, as the statement takes them. No unique key stands in it twice.</summary>
internal sealed class Drafts(int capacity)
{
    private readonly List<NewJob> jobs = new(capacity);
    private readonly List<int> lanes = new(capacity);
    private readonly List<(int Child, int? ParentPlace, long? Parent)> edges = [];
    private readonly HashSet<string> keys = new(StringComparer.Ordinal);

    /// <summary>Adds a job.</summary>
    /// <returns>False when its key is in the list already: it belongs into the next one.</returns>
    public bool TryAdd(NewJob job, int lane)
    {
        if (job.UniqueKey is { } key && !keys.Add(key))
            return false;
        jobs.Add(job);
        lanes.Add(lane);
        edges.AddRange(job.After.Select(parent => (jobs.Count, (int?)null, (long?)parent.Value)));
        if (job.AfterBatch is { } batch)
            edges.Add((jobs.Count, null, -batch.Value));
        edges.AddRange(job.AfterPlaces.Select(place => (jobs.Count, (int?)place + 1, (long?)null)));
        return true;
    }

    /// <summary>Adds the statements that store them.</summary>
    /// <param name="batch">Where.</param>
    /// <param name="own">Whether the transaction is nobody else's.</param>
    /// <returns>Whether the first answer is that of what bearers of unique keys take over.</returns>
    public bool AddTo(Batch batch, bool own)
    {
        var replacing = jobs.FindAll(job => job.WhenTaken.Replaces() && job.UniqueKey is not null);
        if (replacing.Count > 0)
            AddReplacing(batch, replacing, own);
        batch.Add("enqueue", [.. PlainJobs.Columns(jobs, [.. lanes]), .. Others(own)]);
        var amending = jobs.FindAll(job => job is { WhenTaken: WhenTaken.Amend, UniqueKey: not null });
        if (amending.Count > 0)
            batch.Add("amend", Value.Of(amending.Column(job => job.UniqueKey)), Value.Of(amending.Column(job => job.MaxAttempts)));
        return replacing.Count > 0;
    }

    private NpgsqlParameter[] Others(bool own) =>
    [
        Value.Of(jobs.Sparse(job => job.UniqueScope is UniqueScope.WhileKept ? Uniqueness.ForEver : (DateTimeOffset?)null)),
        Value.Of(jobs.Sparse(job => job.UniqueKey)),
        Value.Of(jobs.Sparse(job => job.ExclusiveKey)),
        Value.Of(jobs.Column(job => (short)job.ExclusiveLimit)),
        Value.Of(own),
        Value.Of(jobs.Column(job => job.RunsAnyway)),
        Value.Of([.. edges.Select(edge => edge.Child)]),
        Value.Of([.. edges.Select(edge => edge.ParentPlace)]),
        Value.Of([.. edges.Select(edge => edge.Parent)]),
        Value.Of(jobs.Sparse(job => (long?)job.UniqueFor?.TotalMilliseconds)),
        Value.Of(jobs.Sparse(ExpiresAt)),
        Value.Of(jobs.Sparse(ExpiresIn)),
        Value.Of(jobs.Sparse(job => job.Batch?.Value)),
    ];

    private static void AddReplacing(Batch batch, List<NewJob> replacing, bool own) => batch.Add("replace",
        Value.Of(replacing.Column(job => job.UniqueKey)),
        Value.Of(replacing.Column(job => job.WhenTaken is WhenTaken.ReplaceTime ? null : Encoding.UTF8.GetString(job.Payload.Span))),
        Value.Of(replacing.Column(job => job.WhenTaken is not WhenTaken.ReplacePayload)),
        Value.Of(replacing.Column(job => (long)job.Delay.TotalMilliseconds)),
        Value.Of(replacing.Column(PlainJobs.RunAt)),
        Value.Of(own),
        Value.Of(replacing.Column(ExpiresAt)),
        Value.Of(replacing.Column(ExpiresIn)));

    private static DateTimeOffset? ExpiresAt(NewJob job) => Times.Whole(job.ExpiresAt)?.ToUniversalTime();

    private static long? ExpiresIn(NewJob job) => (long?)job.ExpiresIn?.TotalMilliseconds;
}
