using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.WakeUps;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The statements that store some jobs, as few as their keys allow, and the answers to them.</summary>
internal sealed class Storing
{
    private readonly int jobs;
    private readonly int before;
    private readonly bool own;
    private readonly bool admits;
    private int parts;

    /// <param name="database">Where.</param>
    /// <param name="jobs">The jobs; at least one.</param>
    /// <param name="laneOf">Knows the lanes of all of them.</param>
    /// <param name="patience">How long to wait for a key that somebody else's transaction holds, as the server reads it; null in a caller's transaction, where nothing may be set.</param>
    /// <param name="ring">Told to others right after the commit; null when nobody is to be told.</param>
    public Storing(Database database, IReadOnlyList<NewJob> jobs, Func<NewJob, int> laneOf, string? patience, Ring? ring = null)
    {
        this.jobs = jobs.Count;
        own = patience is not null;
        Batch = database.Batch();
        string[] keys = [.. jobs.Select(job => job.UniqueKey).OfType<string>()];
        if (ring is not null)
            Batch.Begin();
        if (own)
            Batch.Add("keep-plans", Value.Of(keys.Length > 0 ? patience : "0"));
        Batch.Add("require-service", Value.Of(database.LockSpace));
        before = own ? 2 : 1;
        if (keys.Length > 0)
        {
            Batch.Add("lock-keys", Value.Of(keys), Value.Of((long)database.LockSpace));
            before++;
        }
        var drafts = new Drafts(jobs.Count);
        foreach (var job in jobs)
        {
            if (drafts.TryAdd(job, laneOf(job)))
                continue;
            Add(drafts);
            drafts = new Drafts(0);
            drafts.TryAdd(job, laneOf(job));
        }
        Add(drafts);
        string[] exclusive = [.. jobs.Select(job => job.ExclusiveKey).OfType<string>().Distinct()];
        admits = own && exclusive.Length > 0;
        if (admits)
            Batch.Add("admit", Value.Of(database.LockSpace), Value.Of(exclusive));
        if (ring is not null)
            ring.AddTo(Batch.Commit());
    }

    public Batch Batch { get; }

    /// <summary>Reads the answers, one a job, in order.</summary>
    public async Task<EnqueuedJob[]> ReadAsync(DbDataReader reader)
    {
        for (var skipped = 0; skipped < before; skipped++)
            await reader.NextAsync().ConfigureAwait(false);
        var answers = new List<EnqueuedJob>(jobs);
        for (var part = 0; part < parts; part++)
        {
            if (part > 0)
                await reader.NextAsync().ConfigureAwait(false);
            answers.AddRange(await reader.AllAsync(row => new EnqueuedJob(new JobId(row.Long(1)), row.Bool(2), JobStates.Parse(row.Text(3)))).ConfigureAwait(false));
        }
        if (admits)
        {
            await reader.NextAsync().ConfigureAwait(false);
            HashSet<long> admitted = [.. await reader.AllAsync(row => row.Long(0)).ConfigureAwait(false)];
            answers = answers.ConvertAll(answer => !answer.Existing && admitted.Contains(answer.Id.Value) ? answer with { State = JobState.Pending } : answer);
        }
        return answers.Count == jobs ? [.. answers] : throw new InvalidOperationException($"The store has answered {answers.Count} of {jobs} jobs.");
    }

    private void Add(Drafts drafts)
    {
        drafts.AddTo(Batch, own);
        parts++;
    }
}
