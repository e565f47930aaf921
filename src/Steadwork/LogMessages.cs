using Microsoft.Extensions.Logging;

namespace Steadwork;

/// <summary>Every line that the core logs, with stable event ids.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Worker {WorkerId} ({WorkerName}) started: queues {Queues}, job types {JobTypes}, concurrency {Concurrency}")]
    public static partial void WorkerStarted(this ILogger logger, WorkerId workerId, string workerName, string queues, string jobTypes, int concurrency);

    [LoggerMessage(2, LogLevel.Information, "Worker {WorkerId} stopped")]
    public static partial void WorkerStopped(this ILogger logger, WorkerId workerId);

    [LoggerMessage(3, LogLevel.Error, "Worker {WorkerId} was declared dead after {Lease} of silence; its {Running} running jobs are lost to it, and it begins anew")]
    public static partial void WorkerLost(this ILogger logger, WorkerId workerId, TimeSpan lease, int running);

    [LoggerMessage(10, LogLevel.Debug, "Job {JobId} ({JobType}), attempt {Attempt}, {Outcome} after {Elapsed}")]
    public static partial void JobEnded(this ILogger logger, JobId jobId, string jobType, int attempt, string outcome, TimeSpan elapsed);

    [LoggerMessage(11, LogLevel.Warning, "Job {JobId} ({JobType}), attempt {Attempt}, did not succeed: {ErrorType}: {ErrorMessage}")]
    public static partial void JobFailed(this ILogger logger, JobId jobId, string jobType, int attempt, string errorType, string errorMessage);

    [LoggerMessage(12, LogLevel.Warning, "Job {JobId}, attempt {Attempt}: its lease {LeaseToken} was lost, and its late end ({Outcome}) was refused")]
    public static partial void LateEndRefused(this ILogger logger, JobId jobId, int attempt, LeaseToken leaseToken, string outcome);

    [LoggerMessage(13, LogLevel.Error, "Job {JobId} ({JobType}), attempt {Attempt}, ignored its cancellation ({StopReason}) for {Grace}; its slot is taken from it")]
    public static partial void HandlerAbandoned(this ILogger logger, JobId jobId, string jobType, int attempt, StopReason stopReason, TimeSpan grace);

    [LoggerMessage(14, LogLevel.Information, "Job {JobId}, attempt {Attempt}, lease {LeaseToken}: its end ({Outcome}) was told again after an answer of the store was lost, and is known or came too late")]
    public static partial void EndToldTwice(this ILogger logger, JobId jobId, int attempt, LeaseToken leaseToken, string outcome);

    [LoggerMessage(15, LogLevel.Warning, "Job {JobId}, attempt {Attempt}: its handler returned, but the transaction in which it had ended the job was not committed; the attempt has failed")]
    public static partial void NotCommitted(this ILogger logger, JobId jobId, int attempt);

    [LoggerMessage(16, LogLevel.Warning, "Job {JobId} ({JobType}) has a payload of version {Version}, and this worker knows up to {KnownVersion}: it is left for {Pause} to a worker that knows it")]
    public static partial void PayloadNewer(this ILogger logger, JobId jobId, string jobType, int version, int knownVersion, TimeSpan pause);

    [LoggerMessage(17, LogLevel.Warning, "Worker {WorkerId} could not renew its lease of {Lease} in time, and others may have taken over: its {Running} running jobs are stopped")]
    public static partial void LeaseLapsed(this ILogger logger, WorkerId workerId, TimeSpan lease, int running);

    [LoggerMessage(20, LogLevel.Warning, "Worker {WorkerId} is dead ({Reason}); {Jobs} jobs that it held were recovered")]
    public static partial void WorkerRecovered(this ILogger logger, WorkerId workerId, string reason, int jobs);

    [LoggerMessage(21, LogLevel.Warning, "Job {JobId} of dead worker {WorkerId}: {Transition}")]
    public static partial void JobRecovered(this ILogger logger, JobId jobId, WorkerId workerId, string transition);

    [LoggerMessage(22, LogLevel.Debug, "The schedule {Schedule} has ticked: {Stored} of {Jobs} jobs enqueued")]
    public static partial void ScheduleTicked(this ILogger logger, string schedule, int stored, int jobs);

    [LoggerMessage(23, LogLevel.Warning, "This worker cannot have the schedule {Schedule} tick, and leaves it to others: {Reason}")]
    public static partial void ScheduleUnreadable(this ILogger logger, string schedule, string reason);

    [LoggerMessage(24, LogLevel.Warning, "The schedule {Schedule} of this program is not defined: {Other} has defined it, and that counts")]
    public static partial void ScheduleKept(this ILogger logger, string schedule, string other);

    [LoggerMessage(25, LogLevel.Debug, "Pruned {Jobs} jobs whose time was up, with {Attempts} attempts, and {LogEntries} entries of the log")]
    public static partial void Pruned(this ILogger logger, int jobs, int attempts, int logEntries);

    [LoggerMessage(26, LogLevel.Information, "The retention of the store is set by {By}, in the place of that set by {Before}: all its workers prune by it from now on")]
    public static partial void RetentionSet(this ILogger logger, string by, string before);

    [LoggerMessage(27, LogLevel.Error, "What the breaker {Breaker} has for Counts failed on the exception of job {JobId}; it is taken for one that counts")]
    public static partial void BreakerCountsFailed(this ILogger logger, Exception exception, string breaker, JobId jobId);

    [LoggerMessage(30, LogLevel.Error, "The {Loop} loop met an error and goes on in {Pause}")]
    public static partial void LoopFailed(this ILogger logger, Exception exception, string loop, TimeSpan pause);
}
