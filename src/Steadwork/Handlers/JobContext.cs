using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>One attempt, as its handler sees it.</summary>
public sealed class JobContext
{
    private readonly IStore store;
    private readonly Func<StopReason> stopReason;
    private readonly DateTimeOffset startedAt;

    internal JobContext(ClaimedJob job, ReadOnlyMemory<byte> payload, WorkerSession session, IStore store, ILogger logger, Func<StopReason> stopReason, CancellationToken cancellationToken)
    {
        Job = job;
        Payload = payload;
        WorkerIdentity = session.Identity;
        ProgramsFile = session.ProgramsFile;
        this.store = store;
        startedAt = store.Now;
        this.stopReason = stopReason;
        Logger = logger;
        CancellationToken = cancellationToken;
    }

    /// <summary>The number of the job.</summary>
    public JobId Id => Job.Id;

    /// <summary>The stable name of its kind of work, as stored: a job from before a renaming has the former one.</summary>
    public string Type => Job.Type;

    /// <summary>The queue that it stood in.</summary>
    public string Queue => Job.Queue;

    /// <summary>Which start of the job this is, from 1; starts that did not count are included.</summary>
    public int Attempt => Job.Attempt;

    /// <summary>The fence: it grows with each claim. Pass it to outside systems that can refuse an older one.</summary>
    public LeaseToken LeaseToken => Job.Lease;

    /// <summary>The batch that it is of, to which its handler may add jobs while it is open; null when it is of none.</summary>
    public BatchId? BatchId => Job.BatchId;

    /// <summary>The words to find it by.</summary>
    public IReadOnlyList<string> Tags => Job.Tags;

    /// <summary>
    /// The payload, UTF-8 JSON, brought to the version of the type and without the mark of it. Where a handler of raw JSON says
    /// nothing of versions, it is the payload as stored.
    /// </summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Cancelled when the attempt should end; <see cref="StopReason"/> says why.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Why <see cref="CancellationToken"/> was cancelled.</summary>
    public StopReason StopReason => stopReason();

    /// <summary>A logger whose lines bear the job's id, type and attempt.</summary>
    public ILogger Logger { get; }

    /// <summary>What programs that the handler starts must have as <c>STEADWORK_WORKER</c> in their environment, so that none outlives its worker.</summary>
    public string WorkerIdentity { get; }

    /// <summary>The services of this attempt's scope.</summary>
    public IServiceProvider Services { get; internal set; } = EmptyServices.Instance;

    /// <summary>Where the process groups of programs are noted; null where there is no such place.</summary>
    internal string? ProgramsFile { get; }

    internal ClaimedJob Job { get; }

    internal TimeSpan? Snooze { get; private set; }

    internal bool EndedInTransaction { get; private set; }

    /// <summary>Has the job run again later, once the handler returns; this attempt does not count.</summary>
    /// <param name="delay">How much later; from zero to 36,500 days.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public void SnoozeFor(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delay, NewJobRules.LongestDelay);
        Snooze = delay;
    }

    /// <summary>
    /// Ends the job as succeeded in the transaction of the handler's own writes: either both are there or neither, however
    /// often the job is run. Commit the transaction after it and return; if it is not committed, the attempt counts as failed.
    /// </summary>
    /// <param name="transaction">A <c>SqliteTransaction</c> or <c>NpgsqlTransaction</c> on the database of the store.</param>
    /// <param name="result">The job's result, UTF-8 JSON; empty for none.</param>
    /// <exception cref="LeaseLostException">Another worker may be running the job by now; do not commit.</exception>
    /// <exception cref="ArgumentException">The transaction is over, or of another database.</exception>
    /// <exception cref="InvalidOperationException">The store is in no database.</exception>
    public async Task CompleteAsync(DbTransaction transaction, ReadOnlyMemory<byte> result = default)
    {
        if (store is not ITransactionalStore transactional)
            throw new InvalidOperationException($"{store.GetType().Name} lies in no database that a transaction of the program's could be one with; use the SQLite or PostgreSQL store.");
        var end = new AttemptEnd(Id, LeaseToken, new Transition.Succeed(result), startedAt, store.Now);
        if (!await transactional.SettleAsync(end, transaction, CancellationToken).ConfigureAwait(false))
            throw new LeaseLostException(Id);
        EndedInTransaction = true;
    }

    /// <summary>Leaves a line of progress in the log.</summary>
    /// <param name="message">What is being done, for people.</param>
    /// <param name="current">How much is done; null when it cannot be counted.</param>
    /// <param name="total">How much there is; null when it is not known.</param>
    /// <returns>False when the lease is lost: nothing was written.</returns>
    public async Task<bool> ReportAsync(string message, long? current = null, long? total = null)
    {
        var data = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(data))
        {
            json.WriteStartObject();
            json.WriteString("message", message);
            if (current is { } done)
                json.WriteNumber("current", done);
            if (total is { } all)
                json.WriteNumber("total", all);
            json.WriteEndObject();
        }
        var written = await store.AppendAsync([new NewLogEntry(LogKinds.Progress, Id, LeaseToken, data.WrittenMemory)], CancellationToken).ConfigureAwait(false);
        return written[0];
    }

    private sealed class EmptyServices : IServiceProvider
    {
        public static readonly EmptyServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
