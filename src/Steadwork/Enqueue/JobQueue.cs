using System.Data.Common;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>The front door: takes jobs over from a program. Once a call has returned, its jobs survive any crash.</summary>
/// <param name="store">Where the jobs are.</param>
/// <param name="catalog">The job types that it enqueues.</param>
/// <param name="json">How payloads and results are written.</param>
/// <param name="clock">Its clock; null takes the system's.</param>
public sealed class JobQueue(IStore store, JobCatalog catalog, PayloadJson json, TimeProvider? clock = null)
{
    // What a job says that says nothing for itself.
    private static readonly EnqueueOptions Unsaid = new();

    private readonly EndWatch ends = new(store, clock ?? TimeProvider.System);
    private readonly BatchWatch batchEnds = new(store, clock ?? TimeProvider.System);

    /// <summary>Enqueues one job.</summary>
    /// <param name="payload">What to do; its type is registered with a handler or with <c>AddJobType</c>.</param>
    /// <param name="configure">What this job says for itself.</param>
    /// <param name="cancellationToken">Ends the wait; the job may be stored all the same.</param>
    /// <returns>The job, or the one that bears its unique key already.</returns>
    /// <exception cref="ArgumentException">The job is refused; the message says why and what would be right.</exception>
    /// <exception cref="UniqueKeyTakenException">Its unique key is taken, and it says <see cref="WhenTaken.Refuse"/>.</exception>
    /// <exception cref="InvalidOperationException">No job type is registered for the payload.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The store cannot take it. If the way to it broke in the middle, it may have been stored all the same; to be sure, enqueue it
    /// again under a unique key.
    /// </exception>
    public async Task<JobId> EnqueueAsync<TJob>(TJob payload, Action<EnqueueOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var stored = await store.EnqueueAsync([Make(payload, configure)], cancellationToken).ConfigureAwait(false);
        return stored[0].Id;
    }

    /// <summary>
    /// Enqueues one job in a transaction of the caller's: it exists if and only if that commits, and workers are woken then.
    /// </summary>
    /// <param name="payload">What to do; its type is registered with a handler or with <c>AddJobType</c>.</param>
    /// <param name="transaction">
    /// A <c>SqliteTransaction</c> or <c>NpgsqlTransaction</c> on the database of the store. That of an EF Core context is
    /// <c>context.Database.CurrentTransaction!.GetDbTransaction()</c>.
    /// </param>
    /// <param name="configure">What this job says for itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The job, or the one that bears its unique key already.</returns>
    /// <exception cref="ArgumentException">The job is refused, or the transaction is over or of another database.</exception>
    /// <exception cref="UniqueKeyTakenException">Its unique key is taken, and it says <see cref="WhenTaken.Refuse"/>.</exception>
    /// <exception cref="InvalidOperationException">No job type is registered for the payload, or the store is in no database.</exception>
    public async Task<JobId> EnqueueAsync<TJob>(TJob payload, DbTransaction transaction, Action<EnqueueOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var stored = await Transactional.EnqueueAsync([Make(payload, configure)], transaction, cancellationToken).ConfigureAwait(false);
        return stored[0].Id;
    }

    /// <summary>Enqueues many jobs of one type in a transaction of the caller's: they exist if and only if that commits.</summary>
    /// <param name="payloads">What to do.</param>
    /// <param name="transaction">As for one job.</param>
    /// <param name="configure">What each of these jobs says for itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The jobs, in order.</returns>
    /// <exception cref="ArgumentException">A job is refused, or the transaction is over or of another database.</exception>
    public async Task<IReadOnlyList<JobId>> EnqueueManyAsync<TJob>(
        IEnumerable<TJob> payloads, DbTransaction transaction, Action<TJob, EnqueueOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var ids = new List<JobId>();
        foreach (var chunk in payloads.Chunk(Defaults.BulkChunk))
        {
            foreach (var stored in await Transactional.EnqueueAsync(Make(chunk, configure), transaction, cancellationToken).ConfigureAwait(false))
                ids.Add(stored.Id);
        }
        return ids;
    }

    // Workflows and batches before payloads: without a priority a call that names no token fits both, and does not compile.

    /// <summary>Enqueues jobs that come after each other, all or nothing.</summary>
    /// <param name="workflow">The jobs; at most 10,000.</param>
    /// <param name="cancellationToken">Ends the wait; the jobs may be stored all the same.</param>
    /// <returns>The jobs by their names.</returns>
    /// <exception cref="ArgumentException">A job is refused, comes after one that there is not, or the jobs go round in a circle. Nothing was stored.</exception>
    [OverloadResolutionPriority(1)]
    public async Task<IReadOnlyDictionary<string, JobId>> EnqueueAsync(Workflow workflow, CancellationToken cancellationToken = default)
    {
        var (names, jobs) = workflow.Arrange(this);
        return Named(names, await store.EnqueueAsync(jobs, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Enqueues jobs that come after each other in a transaction of the caller's: they exist if and only if that commits.</summary>
    /// <inheritdoc cref="EnqueueAsync(Workflow, CancellationToken)"/>
    /// <param name="workflow">The jobs; at most 10,000.</param>
    /// <param name="transaction">As for one job.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [OverloadResolutionPriority(1)]
    public async Task<IReadOnlyDictionary<string, JobId>> EnqueueAsync(Workflow workflow, DbTransaction transaction, CancellationToken cancellationToken = default)
    {
        var (names, jobs) = workflow.Arrange(this);
        return Named(names, await Transactional.EnqueueAsync(jobs, transaction, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Enqueues jobs as one batch: all or nothing up to 10,000, then in chunks of that size.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellationToken">Ends the work between two chunks; what has been sent may be stored all the same.</param>
    /// <returns>Its number, its jobs in order, and its follower.</returns>
    /// <exception cref="ArgumentException">A job is refused before anything was stored.</exception>
    /// <exception cref="UniqueKeyTakenException">The unique key of the follower is taken, or that of one of the first 10,000 jobs that says <see cref="WhenTaken.Refuse"/>; nothing was stored.</exception>
    /// <exception cref="BatchBrokenOffException">The batch has some of its jobs, and a later chunk could not be stored, for whatever reason.</exception>
    [OverloadResolutionPriority(1)]
    public async Task<StoredBatch> EnqueueAsync(JobBatch batch, CancellationToken cancellationToken = default)
    {
        using var chunks = batch.Jobs(this).Chunk(Defaults.BulkChunk).GetEnumerator();
        var first = chunks.MoveNext() ? chunks.Current : [];
        // It stays open until the last chunk is stored: else it could end before.
        var isChunked = chunks.MoveNext();
        var stored = await store.AddBatchAsync(batch.With(first, batch.StaysOpen || isChunked, this), cancellationToken).ConfigureAwait(false);
        if (!isChunked)
            return stored;
        var jobs = new List<EnqueuedJob>(stored.Jobs);
        try
        {
            do
                jobs.AddRange(await store.EnqueueAsync(Array.ConvertAll(chunks.Current, job => job with { Batch = stored.Id }), cancellationToken).ConfigureAwait(false));
            while (chunks.MoveNext());
            if (!batch.StaysOpen)
                await store.CloseBatchAsync(stored.Id, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            throw new BatchBrokenOffException(stored.Id, jobs.Count, error);
        }
        return stored with { Jobs = jobs };
    }

    /// <summary>Enqueues jobs as one batch in a transaction of the caller's: it exists if and only if that commits.</summary>
    /// <inheritdoc cref="EnqueueAsync(JobBatch, CancellationToken)"/>
    /// <param name="batch">The batch.</param>
    /// <param name="transaction">As for one job.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [OverloadResolutionPriority(1)]
    public async Task<StoredBatch> EnqueueAsync(JobBatch batch, DbTransaction transaction, CancellationToken cancellationToken = default) =>
        await Transactional.AddBatchAsync(batch.With([.. batch.Jobs(this)], batch.StaysOpen, this), transaction, cancellationToken).ConfigureAwait(false);

    /// <summary>Closes a batch that was left open: it takes no more jobs, and ends once all that it has have ended, at once if they have.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is closed already, null when there is none.</returns>
    public Task<bool?> CloseAsync(BatchId batch, CancellationToken cancellationToken = default) => store.CloseBatchAsync(batch, cancellationToken);

    /// <summary>How a batch stands: its counts are kept, and cost the same however many jobs it has.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<BatchView?> BatchAsync(BatchId batch, CancellationToken cancellationToken = default) =>
        (await store.BatchesAsync([batch], cancellationToken).ConfigureAwait(false)).FirstOrDefault();

    /// <summary>Waits until a batch has ended. Its follower may not have begun by then.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="cancellationToken">Ends the wait; the batch goes on.</param>
    /// <returns>The batch as it ended.</returns>
    /// <exception cref="KeyNotFoundException">There is no such batch, or it has been pruned.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked; the batch goes on.</exception>
    public Task<BatchView> WaitAsync(BatchId batch, CancellationToken cancellationToken = default) => batchEnds.WaitAsync(batch, cancellationToken);

    private static Dictionary<string, JobId> Named(IReadOnlyList<string> names, IReadOnlyList<EnqueuedJob> stored) =>
        names.Zip(stored).ToDictionary(pair => pair.First, pair => pair.Second.Id);

    /// <summary>Enqueues many jobs of one type: all or nothing up to 10,000, then in chunks of that size, in order.</summary>
    /// <param name="payloads">What to do.</param>
    /// <param name="cancellationToken">Ends the work between two chunks.</param>
    /// <returns>The jobs, in order.</returns>
    /// <exception cref="ArgumentException">A job is refused; nothing of its chunk was stored.</exception>
    public Task<IReadOnlyList<JobId>> EnqueueManyAsync<TJob>(IEnumerable<TJob> payloads, CancellationToken cancellationToken = default) =>
        EnqueueManyAsync(payloads, null, cancellationToken);

    /// <inheritdoc cref="EnqueueManyAsync{TJob}(IEnumerable{TJob}, CancellationToken)"/>
    /// <param name="payloads">What to do.</param>
    /// <param name="configure">What each of these jobs says for itself.</param>
    /// <param name="cancellationToken">Ends the work between two chunks.</param>
    public async Task<IReadOnlyList<JobId>> EnqueueManyAsync<TJob>(IEnumerable<TJob> payloads, Action<TJob, EnqueueOptions>? configure, CancellationToken cancellationToken = default)
    {
        var ids = new List<JobId>();
        var storing = Task.FromResult<IReadOnlyList<EnqueuedJob>>([]);
        try
        {
            // The next ones are made while those before are stored.
            foreach (var chunk in payloads.Chunk(Defaults.BulkChunk))
            {
                var jobs = Make(chunk, configure);
                ids.AddRange((await storing.ConfigureAwait(false)).Select(stored => stored.Id));
                storing = store.EnqueueAsync(jobs, cancellationToken);
            }
        }
        catch
        {
            // What is on its way when a later payload is refused is there, or not, by the time it is said.
            await ((Task)storing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        ids.AddRange((await storing.ConfigureAwait(false)).Select(stored => stored.Id));
        return ids;
    }

    /// <summary>
    /// Waits until a job has ended, however it ends. It is told at once, or within a second where a wake-up gets lost or the job is
    /// deleted; all who wait in this program ask the store together.
    /// </summary>
    /// <param name="job">The job. One that was enqueued in a transaction is there once that has been committed.</param>
    /// <param name="cancellationToken">Ends the wait; the job goes on.</param>
    /// <returns>The job as it ended; its state says how.</returns>
    /// <exception cref="JobNotFoundException">There is no such job, or it was deleted meanwhile.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked; the job goes on.</exception>
    public Task<Job> WaitAsync(JobId job, CancellationToken cancellationToken = default) => ends.WaitAsync(job, cancellationToken);

    /// <summary>Waits until a job has succeeded, and gives its result.</summary>
    /// <typeparam name="TResult">What its handler returns.</typeparam>
    /// <inheritdoc cref="WaitAsync(JobId, CancellationToken)"/>
    /// <returns>The result.</returns>
    /// <exception cref="JobNotSucceededException">The job failed, or was cancelled.</exception>
    /// <exception cref="InvalidOperationException">The job left no result.</exception>
    /// <exception cref="System.Text.Json.JsonException">The result is no <typeparamref name="TResult"/>.</exception>
    public async Task<TResult> WaitAsync<TResult>(JobId job, CancellationToken cancellationToken = default)
    {
        var ended = await ends.WaitAsync(job, cancellationToken).ConfigureAwait(false);
        return ended.State is JobState.Succeeded ? json.ReadResult<TResult>(ended) : throw new JobNotSucceededException(ended);
    }

    /// <summary>Says why a job does not run now.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Every reason; none when the next free slot takes it, when it runs, and when it has ended. Null when there is no such job.</returns>
    public async Task<IReadOnlyList<WaitReason>?> WhyAsync(JobId job, CancellationToken cancellationToken = default) =>
        await store.StandingAsync(job, cancellationToken).ConfigureAwait(false) is { } standing
            ? await WaitReason.OfAsync(store, standing, cancellationToken).ConfigureAwait(false)
            : null;

    /// <summary>Asks something of a job: to end without success, to run again, to be removed.</summary>
    /// <param name="request">What.</param>
    /// <param name="job">The job.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<RequestAnswer> RequestAsync(JobRequest request, JobId job, string by, CancellationToken cancellationToken = default) =>
        (await store.RequestAsync([job], request, by, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Asks the same of all jobs that a query finds and whose state allows it; all that are there, whatever the limit of the query.</summary>
    /// <param name="request">What.</param>
    /// <param name="which">Which jobs.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends it between some hundred jobs; what was asked by then stands.</param>
    public Task<RequestCounts> RequestManyAsync(JobRequest request, JobQuery which, string by, CancellationToken cancellationToken = default) =>
        store.RequestManyAsync(request, which, by, cancellationToken);

    /// <summary>Lets no job of a queue begin, on any worker, until it is resumed. Those that run go on; what was claimed ahead may still begin within some tenths of a second.</summary>
    /// <param name="queue">The queue; it need not have jobs yet.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is paused already.</returns>
    public Task<bool> PauseQueueAsync(string queue, string by, CancellationToken cancellationToken = default) => store.PauseAsync(PauseScope.Queue, queue, by, cancellationToken);

    /// <summary>Lets the jobs of a paused queue begin again.</summary>
    /// <inheritdoc cref="PauseQueueAsync"/>
    /// <returns>False when it is not paused.</returns>
    public Task<bool> ResumeQueueAsync(string queue, string by, CancellationToken cancellationToken = default) => store.ResumeAsync(PauseScope.Queue, queue, by, cancellationToken);

    /// <summary>Lets no job of a type begin, in whatever queue, until it is resumed; else as <see cref="PauseQueueAsync"/>.</summary>
    /// <param name="type">The job type's name.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is paused already.</returns>
    public Task<bool> PauseTypeAsync(string type, string by, CancellationToken cancellationToken = default) => store.PauseAsync(PauseScope.Type, type, by, cancellationToken);

    /// <summary>Lets the jobs of a paused type begin again.</summary>
    /// <inheritdoc cref="PauseTypeAsync"/>
    /// <returns>False when it is not paused.</returns>
    public Task<bool> ResumeTypeAsync(string type, string by, CancellationToken cancellationToken = default) => store.ResumeAsync(PauseScope.Type, type, by, cancellationToken);

    /// <summary>Sets a rate limit for all workers, in the place of one for the same. It holds for their next claims; what was claimed ahead may still begin within some tenths of a second.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="by">Who sets it or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is set like that already.</returns>
    /// <exception cref="ArgumentException">It is refused; the message says why and what would be right.</exception>
    public Task<bool> SetLimitAsync(RateLimit limit, string by, CancellationToken cancellationToken = default) =>
        limit.Refusal() is { } refusal ? throw new ArgumentException(refusal) : store.SetLimitAsync(limit, by, cancellationToken);

    /// <summary>Takes a rate limit away.</summary>
    /// <param name="scope">What it is set for.</param>
    /// <param name="name">The queue, job type or exclusive key.</param>
    /// <param name="by">Who takes it away or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when there is none.</returns>
    public Task<bool> RemoveLimitAsync(LimitScope scope, string name, string by, CancellationToken cancellationToken = default) => store.RemoveLimitAsync(scope, name, by, cancellationToken);

    /// <summary>The rate limits, in the order of scope and name.</summary>
    public Task<IReadOnlyList<LimitView>> LimitsAsync(CancellationToken cancellationToken = default) => store.LimitsAsync(cancellationToken);

    /// <summary>The circuit breakers, by name.</summary>
    public Task<IReadOnlyList<BreakerView>> BreakersAsync(CancellationToken cancellationToken = default) => store.BreakersAsync(cancellationToken);

    /// <summary>Opens a breaker on all workers: none of the jobs that depend on it is claimed until somebody closes it.</summary>
    /// <param name="name">The breaker.</param>
    /// <param name="by">Who opens it or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Where it stands now; null when no worker with such a breaker has ever started.</returns>
    public Task<Circuit?> OpenBreakerAsync(string name, string by, CancellationToken cancellationToken = default) => store.SwitchBreakerAsync(name, open: true, by, cancellationToken);

    /// <summary>Closes a breaker on all workers, whoever has opened it.</summary>
    /// <inheritdoc cref="OpenBreakerAsync"/>
    public Task<Circuit?> CloseBreakerAsync(string name, string by, CancellationToken cancellationToken = default) => store.SwitchBreakerAsync(name, open: false, by, cancellationToken);

    private ITransactionalStore Transactional => store as ITransactionalStore
        ?? throw new InvalidOperationException($"{store.GetType().Name} lies in no database that a transaction of the program's could be one with; use the SQLite or PostgreSQL store.");

    private NewJob[] Make<TJob>(TJob[] payloads, Action<TJob, EnqueueOptions>? configure) =>
        configure is null ? Array.ConvertAll(payloads, payload => Make(payload, Unsaid))
        : Array.ConvertAll(payloads, payload => Make(payload, options => configure(payload, options)));

    /// <summary>The job of a payload, checked.</summary>
    internal NewJob Make<TJob>(TJob payload, Action<EnqueueOptions>? configure)
    {
        if (configure is null)
            return Make(payload, Unsaid);
        var options = new EnqueueOptions();
        configure(options);
        return Make(payload, options);
    }

    /// <inheritdoc cref="Make{TJob}(TJob, Action{EnqueueOptions}?)"/>
    internal NewJob Make<TJob>(TJob payload, EnqueueOptions options)
    {
        var type = catalog.Of(typeof(TJob));
        var job = new NewJob
        {
            Type = type.Name,
            Payload = PayloadVersion.Mark(json.Write(payload), type.Options.Version, type.Name),
            Queue = options.Queue ?? type.Options.Queue,
            Priority = options.Priority,
            Delay = options.Delay,
            RunAt = options.RunAt,
            ExpiresIn = options.ExpiresIn,
            ExpiresAt = options.ExpiresAt,
            MaxAttempts = options.MaxAttempts ?? type.Options.MaxAttempts,
            Timeout = options.Timeout ?? type.Options.Timeout,
            UniqueKey = options.UniqueKey,
            UniqueFor = options.UniqueFor,
            WhenTaken = options.WhenTaken,
            ExclusiveKey = options.ExclusiveKey,
            ExclusiveLimit = options.ExclusiveLimit,
            After = options.After.Count == 0 ? [] : [.. options.After.Distinct()],
            RunsAnyway = options.RunsAnyway,
            Batch = options.Batch,
            Tags = Own(options.Tags),
            Requires = Own(options.Requires ?? type.Options.Requires),
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null,
        };
        return NewJobRules.Refusal(job) is { } refusal ? throw new ArgumentException(refusal) : job;
    }

    private static IReadOnlyList<string> Own(ICollection<string> words) => words.Count == 0 ? [] : [.. words];
}
