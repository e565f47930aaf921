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
        if (jobs is [var single] && edges.Count == 0 && IsPlain(single))
        {
            AddSingle(batch, single, lanes[0]);
            return false;
        }
        NpgsqlParameter[] usual =
        [
            Value.Of(lanes.ToArray()),
            Value.Of(jobs.Column(job => (short)job.Priority)),
            Value.Of(jobs.Column(job => job.MaxAttempts)),
            Value.Of(jobs.Column(job => (long)job.Delay.TotalMilliseconds)),
            Value.Of(jobs.Sparse(RunAt)),
            Value.Of(jobs.Sparse(job => (long?)job.Timeout?.TotalMilliseconds)),
            Value.Of(jobs.Sparse(job => job.TraceParent)),
            Value.Of(jobs.Sparse(Tags)),
            Value.Of(jobs.Column(job => Encoding.UTF8.GetString(job.Payload.Span))),
        ];
        if (edges.Count == 0 && jobs.TrueForAll(IsPlain))
            batch.Add("enqueue-plain", usual);
        else
            batch.Add("enqueue", [.. usual, .. Others(own)]);
        var amending = jobs.FindAll(job => job is { WhenTaken: WhenTaken.Amend, UniqueKey: not null });
        if (amending.Count > 0)
            batch.Add("amend", Value.Of(amending.Column(job => job.UniqueKey)), Value.Of(amending.Column(job => job.MaxAttempts)));
        return replacing.Count > 0;
    }

    /// <summary>Whether nothing that is there has to be looked at for a job, unless it comes after others.</summary>
    private static bool IsPlain(NewJob job) => job is { UniqueKey: null, ExclusiveKey: null, Batch: null, ExpiresIn: null, ExpiresAt: null, RunsAnyway: false };

    private static void AddSingle(Batch batch, NewJob job, int lane) => batch.Add("enqueue-single",
        Value.Of(lane),
        Value.Of(job.Priority),
        Value.Of(job.MaxAttempts),
        Value.Of((long)job.Delay.TotalMilliseconds),
        Value.Of(RunAt(job)),
        Value.Of((long?)job.Timeout?.TotalMilliseconds),
        Value.Of(job.TraceParent),
        Value.Of(Tags(job)),
        Value.OfUtf8(job.Payload));

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
        Value.Of(replacing.Column(RunAt)),
        Value.Of(own),
        Value.Of(replacing.Column(ExpiresAt)),
        Value.Of(replacing.Column(ExpiresIn)));

    private static string? Tags(NewJob job) => job.Tags.Count == 0 ? null : Encoding.UTF8.GetString(TagsJson.Write(job.Tags).Span);

    private static DateTimeOffset? RunAt(NewJob job) => Times.Whole(job.RunAt)?.ToUniversalTime();

    private static DateTimeOffset? ExpiresAt(NewJob job) => Times.Whole(job.ExpiresAt)?.ToUniversalTime();

    private static long? ExpiresIn(NewJob job) => (long?)job.ExpiresIn?.TotalMilliseconds;
}
