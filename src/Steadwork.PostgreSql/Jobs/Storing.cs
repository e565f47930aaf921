using System.Data.Common;
using System.Globalization;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.WakeUps;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The statements that store some jobs, as few as their keys allow, and the answers to them.</summary>
internal sealed class Storing
{
    private readonly int jobs;
    private readonly bool isPlain;
    private readonly bool own;
    private int before;
    private int? expiring;
    private int? opening;
    private int afterwards;
    private readonly List<bool> parts = [];

    /// <param name="database">Where.</param>
    /// <param name="jobs">The jobs; at least one.</param>
    /// <param name="laneOf">Knows the lanes of all of them.</param>
    /// <param name="patience">How long to wait for a key that somebody else's transaction holds, as the server reads it; null in a caller's transaction, where nothing may be set.</param>
    /// <param name="ring">Told to others right after the commit; null when nobody is to be told.</param>
    /// <param name="making">The batch that is made with them, which they know as 0; null when they are stored for themselves.</param>
    public Storing(Database database, IReadOnlyList<NewJob> jobs, Func<NewJob, int> laneOf, string? patience, Ring? ring = null, NewBatch? making = null)
    {
        this.jobs = jobs.Count;
        Batch = database.Batch();
        if (ring is not null)
            Batch.Begin();
        own = patience is not null;
        isPlain = making is null && jobs.All(PlainJobs.Is);
        if (isPlain)
            PlainJobs.AddTo(Batch, jobs, laneOf, database.LockSpace);
        else
            AddAny(jobs, laneOf, patience, making, database.LockSpace);
        if (ring is not null)
            ring.AddTo(Batch.Commit());
    }

    private Batch Batch { get; }

    /// <summary>Adds the statements for jobs of any kind.</summary>
    private void AddAny(IReadOnlyList<NewJob> jobs, Func<NewJob, int> laneOf, string? patience, NewBatch? making, int lockSpace)
    {
        var demanding = Uniqueness.Demanding(jobs);
        string[] keys = [.. jobs.Select(job => job.UniqueKey).OfType<string>()];
        if (own)
            Batch.Add("keep-plans+and-require-service", Value.Of(keys.Length > 0 ? patience : "0"), Value.Of(lockSpace));
        else
            Batch.Add("require-service", Value.Of(lockSpace));
        before = 1;
        if (keys.Length > 0)
        {
            Batch.Add("lock-keys", Value.Of(keys), Value.Of((long)lockSpace));
            before++;
        }
        long[] parents = [.. jobs.SelectMany(job => job.After).Select(parent => parent.Value).Distinct()];
        if (parents.Length > 0)
        {
            Batch.Add("require-parents", Value.Of(parents));
            before++;
        }
        long[] batches = [.. jobs.Where(job => making is null || job.Batch?.Value != 0).Select(job => job.Batch?.Value).OfType<long>().Distinct()];
        if (batches.Length > 0)
        {
            Batch.Add("require-open", Value.Of(batches));
            before++;
        }
        if (keys.Length > 0)
        {
            expiring = before;
            Batch.Add("end-expired-bearers", Value.Of(keys), Value.Of(own ? lockSpace : null));
            before++;
        }
        if (demanding.Count > 0)
        {
            Batch.Add("require-bearers", Value.Of([.. demanding.Select(job => job.UniqueKey)]), Value.Of([.. demanding.Select(Uniqueness.Bearable)]));
            before++;
        }
        string[] exclusive = own ? [.. jobs.Select(job => job.ExclusiveKey).OfType<string>().Distinct()] : [];
        if (exclusive.Length > 0)
        {
            // Even where none may: what this transaction has stored before may have left others there.
            var alone = ComingAlone.KeysOf(jobs);
            string[] prompt = [.. jobs.Where(ComingAlone.IsPrompt).Select(job => job.ExclusiveKey).OfType<string>().Where(alone.Contains)];
            Batch.Add("lock-exclusive-keys", Value.Of(prompt), Value.Of((long)lockSpace));
            before++;
        }
        if (making is not null)
        {
            opening = before;
            Batch.Add("open-batch", Value.Of(making.Name), Value.Of(making.IsOpen));
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
        if (own && jobs.Any(job => job.After.Count + job.AfterPlaces.Count > 0))
        {
            Batch.Add("attend-noted", Value.Of(lockSpace), Value.Of(false), Value.Of(1000L));
            afterwards++;
        }
        if (making?.Follower is not null)
            Batch.Add("be-followed");
        if (making is { IsOpen: false })
        {
            Batch.Add("attend-batch", Value.Of(own ? lockSpace : null));
            afterwards++;
        }
        string[] replacing = [.. jobs.Where(job => job.WhenTaken.Replaces()).Select(job => job.UniqueKey).OfType<string>()];
        if (exclusive.Length > 0 || replacing.Length > 0)
        {
            Batch.Add("admit", Value.Of(own ? lockSpace : null), Value.Of(exclusive), Value.Of(replacing));
            afterwards++;
        }
    }

    /// <summary>Has them carried out.</summary>
    /// <param name="run">Sends the statements, and has their answers read.</param>
    /// <exception cref="ParentMissingException">One is to come after a job that there is not.</exception>
    /// <exception cref="UniqueKeyTakenException">One is to be refused, since its unique key is taken.</exception>
    public async Task<EnqueuedJob[]> CarryOutAsync(Func<Batch, Func<NpgsqlDataReader, Task<EnqueuedJob[]>>, Task<EnqueuedJob[]>> run)
    {
        try
        {
            return await run(Batch, ReadAsync).ConfigureAwait(false);
        }
        catch (PostgresException error) when (Refusal(error) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>What the server says by an error of ours; null for any other.</summary>
    private static ArgumentException? Refusal(PostgresException error) => (error.SqlState, error.MessageText.Split(' ', 2)) switch
    {
        ("SW002", [var missing]) => new ParentMissingException(Id(missing)),
        ("SW004", [var batch, var why]) => new BatchNotOpenException(new BatchId(long.Parse(batch, CultureInfo.InvariantCulture)), isClosed: why == "closed"),
        ("SW003", [var bearer, var key]) => new UniqueKeyTakenException(key, Id(bearer), error.Hint is { Length: > 0 } otherType ? otherType : null),
        _ => null,
    };

    private static JobId Id(string number) => new(long.Parse(number, CultureInfo.InvariantCulture));

    /// <summary>The batch that was made with them.</summary>
    public BatchId Made { get; private set; }

    /// <summary>What whoever listens may want to know, once the answers have been read.</summary>
    public WakeUp WakeUps { get; private set; }

    /// <summary>Reads the answers, one a job, in order.</summary>
    private async Task<EnqueuedJob[]> ReadAsync(DbDataReader reader)
    {
        if (isPlain)
        {
            WakeUps |= WakeUp.Jobs;
            return await PlainJobs.ReadAsync(reader).ConfigureAwait(false);
        }
        for (var skipped = 0; skipped < before; skipped++)
        {
            if (skipped == opening)
                Made = await reader.FirstAsync(row => new BatchId(row.Long(0))).ConfigureAwait(false);
            if (skipped == expiring && await reader.FirstAsync(row => row.Long(0) > 0).ConfigureAwait(false))
                WakeUps |= WakeUp.Ends | WakeUp.Jobs;
            await reader.NextAsync().ConfigureAwait(false);
        }
        var answers = new List<EnqueuedJob>(jobs);
        var changed = new Dictionary<long, JobState>();
        for (var part = 0; part < parts.Count; part++)
        {
            if (part > 0)
                await reader.NextAsync().ConfigureAwait(false);
            if (parts[part])
            {
                await NoteAsync(reader, changed).ConfigureAwait(false);
                if (changed.Count > 0)
                    WakeUps |= WakeUp.Jobs;
                await reader.NextAsync().ConfigureAwait(false);
            }
            answers.AddRange(await reader.AllAsync(row => new EnqueuedJob(new JobId(row.Long(1)), row.Bool(2), JobStates.Parse(row.Text(3)))).ConfigureAwait(false));
        }
        for (var turn = 0; turn < afterwards; turn++)
        {
            await reader.NextAsync().ConfigureAwait(false);
            await NoteAsync(reader, changed).ConfigureAwait(false);
        }
        if (changed.Count > 0)
            answers = answers.ConvertAll(answer => changed.TryGetValue(answer.Id.Value, out var state) ? answer with { State = state } : answer);
        if (answers.Exists(answer => !answer.Existing))
            WakeUps |= WakeUp.Jobs;
        return answers.Count == jobs ? [.. answers] : throw new InvalidOperationException($"The store has answered {answers.Count} of {jobs} jobs.");
    }

    private void Add(Drafts drafts) => parts.Add(drafts.AddTo(Batch, own));

    /// <summary>Notes the jobs whose state has changed, with that.</summary>
    private static async Task NoteAsync(DbDataReader reader, Dictionary<long, JobState> changed)
    {
        foreach (var (job, state) in await reader.AllAsync(row => (row.Long(0), JobStates.Parse(row.Text(1)))).ConfigureAwait(false))
            changed[job] = state;
    }
}
