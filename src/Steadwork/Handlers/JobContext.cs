using System.Text.Json;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork;

/// <summary>One attempt, as its handler sees it.</summary>
public sealed class JobContext
{
    private readonly ILogStore log;
    private readonly Func<StopReason> stopReason;

    internal JobContext(ClaimedJob job, WorkerSession session, ILogStore log, ILogger logger, Func<StopReason> stopReason, CancellationToken cancellationToken)
    {
        Job = job;
        WorkerIdentity = session.Identity;
        ProgramsFile = session.ProgramsFile;
        this.log = log;
        this.stopReason = stopReason;
        Logger = logger;
        CancellationToken = cancellationToken;
    }

    /// <summary>The number of the job.</summary>
    public JobId Id => Job.Id;

    /// <summary>The stable name of its kind of work.</summary>
    public string Type => Job.Type;

    /// <summary>The queue that it stood in.</summary>
    public string Queue => Job.Queue;

    /// <summary>Which start of the job this is, from 1; starts that did not count are included.</summary>
    public int Attempt => Job.Attempt;

    /// <summary>The fence: it grows with each claim. Pass it to outside systems that can refuse an older one.</summary>
    public LeaseToken LeaseToken => Job.Lease;

    /// <summary>The words to find it by.</summary>
    public IReadOnlyList<string> Tags => Job.Tags;

    /// <summary>The payload as stored, UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> Payload => Job.Payload;

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

    /// <summary>Has the job run again later, once the handler returns; this attempt does not count.</summary>
    /// <param name="delay">How much later; not negative.</param>
    public void SnoozeFor(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        Snooze = delay;
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
        var written = await log.AppendAsync([new NewLogEntry(LogKinds.Progress, Id, LeaseToken, data.WrittenMemory)], CancellationToken).ConfigureAwait(false);
        return written[0];
    }

    private sealed class EmptyServices : IServiceProvider
    {
        public static readonly EmptyServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
