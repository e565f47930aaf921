using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Steadwork.Status;
using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>One attempt on its way: scope, trace, timeout, steps, handler, and at last its outcome.</summary>
internal sealed class JobRun(ClaimedJob job, Incarnation incarnation, WorkerParts parts) : IDisposable
{
    private const int Going = 0;
    private const int Over = 1;

    // Long enough that a worker does not turn in circles with jobs it cannot read, short enough that one that can soon has them.
    private static readonly TimeSpan NewerPayloadPause = TimeSpan.FromSeconds(30);

    // Timers go no further; nothing that was stored by another rule may cost a slot.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly CancellationTokenSource stop = new();
    private readonly JobTypeOptions? options = parts.Catalog.Find(job.Type)?.Options;
    private int phase = Going;
    private int stopReason = (int)StopReason.None;
    private string? cancelReason;
    private IReadOnlyList<string>? blamed;
    private ITimer? timeout;
    private ITimer? grace;
    private long began;

    public ClaimedJob Job => job;

    public Incarnation Incarnation => incarnation;

    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>Whether the handler has ended the job itself, in a transaction that may have been committed.</summary>
    public bool MayHaveEnded { get; private set; }

    public TimeSpan Elapsed => parts.Clock.GetElapsedTime(began);

    private StopReason Stopped => (StopReason)Volatile.Read(ref stopReason);

    /// <summary>Runs the handler. It throws nothing, whatever the handler, its settings or a logger do: the slot goes on.</summary>
    /// <returns>What became of the attempt; null when somebody else has told already, because the slot was taken from it.</returns>
    public async Task<AttemptEnd?> ExecuteAsync()
    {
        StartedAt = parts.Store.Now;
        began = parts.Clock.GetTimestamp();
        if (job.Timeout is { } limit)
            timeout = parts.Clock.CreateTimer(_ => Stop(StopReason.TimedOut), null, limit < LongestTimer ? limit : LongestTimer, System.Threading.Timeout.InfiniteTimeSpan);
        Outcome outcome;
        try
        {
            outcome = await OutcomeAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            outcome = new Outcome.Threw(JobError.From(error));
        }
        return End(outcome);
    }

    /// <summary>Has the handler stop. The first reason stands.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="explanation">The words of whoever cancelled the job.</param>
    public void Stop(StopReason reason, string? explanation = null)
    {
        if (reason is StopReason.Cancelled)
            cancelReason ??= explanation;
        if (Interlocked.CompareExchange(ref stopReason, (int)reason, (int)StopReason.None) != (int)StopReason.None)
            return;
        // The grace begins before the handler hears of it: a callback of the handler's own may never return.
        grace = parts.Clock.CreateTimer(_ => Abandon(), null, parts.Options.StopGrace, System.Threading.Timeout.InfiniteTimeSpan);
        _ = stop.CancelAsync();
    }

    /// <summary>Takes the slot from a handler that ignores its cancellation; its late outcome will count for nothing.</summary>
    public void Abandon()
    {
        if (End(Interrupted(default)) is not { } end)
            return;
        parts.Logger.HandlerAbandoned(job.Id, job.Type, job.Attempt, Stopped, parts.Options.StopGrace);
        Telemetry.Abandoned.Add(1, new KeyValuePair<string, object?>("job.type", job.Type));
        parts.OnAbandoned(this, end);
    }

    private AttemptEnd? End(Outcome outcome)
    {
        if (Interlocked.CompareExchange(ref phase, Over, Going) != Going)
            return null;
        timeout?.Dispose();
        grace?.Dispose();
        MayHaveEnded = outcome is Outcome.EndedInTransaction;
        var now = parts.Store.Now;
        var running = new RunningJob(job.Attempt, job.Failures, job.MaxAttempts, cancelReason) { IsProbe = job.IsProbe };
        var retry = options?.Retry ?? RetrySchedule.Default;
        var transition = JobLifecycle.Honour(JobLifecycle.AfterAttempt(running, outcome, retry, now, Random.Shared.NextDouble()), cancelReason);
        try
        {
            Report(outcome, transition);
        }
        catch
        {
            // Who is told is no part of the outcome.
        }
        return new AttemptEnd(job.Id, job.Lease, transition, StartedAt, now) { Calls = Calls(outcome) };
    }

    /// <summary>The one place in which exceptions become outcomes.</summary>
    private async Task<Outcome> OutcomeAsync()
    {
        using var activity = StartActivity();
        try
        {
            using var logScope = parts.JobLogger.BeginScope(new JobLogScope(job));
            if (parts.Catalog.Find(job.Type) is not { Invoke: { } invoke } type)
                throw new InvalidOperationException($"This worker has no handler for the job type '{job.Type}'.");
            if (!type.TryRead(job.Payload, out var version, out var payload))
                return LeftToNewer(version, type.Options.Version);
            var (result, context) = await InvokeAsync(invoke, payload).ConfigureAwait(false);
            return context switch
            {
                { EndedInTransaction: true } => new Outcome.EndedInTransaction(),
                { Snooze: { } delay } => new Outcome.Postponed(delay),
                _ => new Outcome.Returned(result),
            };
        }
        catch (Exception error) when (Stopped is not StopReason.None || !incarnation.Holds)
        {
            // Without the lease its program may have been ended by whoever recovers the job: that is no failure of the job's.
            return Interrupted((error as JobFailedException)?.Result ?? default);
        }
        catch (PermanentFailureException error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            return Threw(error, JobError.From(error), permanent: true);
        }
        catch (JobFailedException error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            return Threw(error, error.Error, error.Permanent, error.Result);
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            return Threw(error, JobError.From(error));
        }
    }

    /// <summary>While workers are replaced, the old ones meet jobs of the new: to fail them would lose them.</summary>
    private Outcome.Postponed LeftToNewer(int version, int known)
    {
        parts.Logger.PayloadNewer(job.Id, job.Type, version, known, NewerPayloadPause);
        return new Outcome.Postponed(NewerPayloadPause, Started: false);
    }

    private async Task<(ReadOnlyMemory<byte> Result, JobContext Context)> InvokeAsync(JobInvocation invoke, ReadOnlyMemory<byte> payload)
    {
        var context = new JobContext(job, payload, incarnation.Session, parts.Store, parts.JobLogger, () => Stopped, stop.Token);
        if (parts.Scopes is null)
            return (await invoke(context).ConfigureAwait(false), context);

        var scope = parts.Scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            context.Services = scope.ServiceProvider;
            var middleware = scope.ServiceProvider.GetServices<IJobMiddleware>();
            return (await (middleware.Any() ? Steps(context, invoke, middleware)() : invoke(context)).ConfigureAwait(false), context);
        }
    }

    private static JobStep Steps(JobContext context, JobInvocation invoke, IEnumerable<IJobMiddleware> middleware)
    {
        JobStep next = () => invoke(context);
        foreach (var step in middleware.Reverse())
        {
            var inner = next;
            next = () => step.InvokeAsync(context, inner);
        }
        return next;
    }

    private Outcome.Threw Threw(Exception exception, JobError error, bool permanent = false, ReadOnlyMemory<byte> result = default)
    {
        blamed = options is { DependsOn.Count: > 0 } depending ? [.. depending.DependsOn.Where(breaker => IsToBlame(breaker, exception))] : [];
        return new Outcome.Threw(error, permanent, result, IsDependencys: blamed.Count > 0);
    }

    /// <summary>Whether an attempt failed by what a breaker stands for. What the handler declares to be permanent never does, for it lies in the job.</summary>
    private bool IsToBlame(string breaker, Exception failure)
    {
        try
        {
            return failure is not PermanentFailureException && parts.Catalog.BreakerOf(breaker).Counts?.Invoke(failure) is not false;
        }
        catch (Exception error)
        {
            parts.Logger.BreakerCountsFailed(error, breaker, job.Id);
            return true;
        }
    }

    /// <summary>
    /// How it went with what the job depends on; null when it depends on nothing, or did not come to an end of its own. A time-out, which
    /// throws nothing of its own, speaks of all of it; a failure that lies in the job tells nothing: it may never have come to the call.
    /// </summary>
    private DependencyCall[]? Calls(Outcome outcome) => options is not { DependsOn.Count: > 0 } depending ? null : outcome switch
    {
        Outcome.Returned or Outcome.EndedInTransaction => [.. depending.DependsOn.Select(breaker => new DependencyCall(breaker, Failed: false, job.IsProbe))],
        Outcome.Threw => [.. (blamed ?? [.. depending.DependsOn]).Select(breaker => new DependencyCall(breaker, Failed: true, job.IsProbe))],
        _ => null,
    };

    private Outcome Interrupted(ReadOnlyMemory<byte> result) => Stopped switch
    {
        StopReason.TimedOut => new Outcome.Threw(new JobError("timeout", $"The attempt was ended after its timeout of {job.Timeout?.TotalSeconds:0.###} s."), Permanent: false, result, IsDependencys: true),
        StopReason.Cancelled => new Outcome.CancelledByRequest(cancelReason ?? "cancelled"),
        _ => new Outcome.Interrupted(Started: true),
    };

    private Activity? StartActivity()
    {
        if (job.TraceParent is null && !Telemetry.Activities.HasListeners())
            return null;
        var name = $"run {job.Type}";
        var activity = ActivityContext.TryParse(job.TraceParent, null, isRemote: true, out var parent)
            ? Telemetry.Activities.StartActivity(name, ActivityKind.Consumer, parent)
            : Telemetry.Activities.StartActivity(name, ActivityKind.Consumer);
        // With nobody listening the context is restored all the same: what the handler calls must carry it on.
        if (activity is null && job.TraceParent is { } traceParent)
            activity = new Activity(name).SetParentId(traceParent).Start();
        return activity?.SetTag("job.id", job.Id.Value).SetTag("job.type", job.Type).SetTag("job.attempt", job.Attempt);
    }

    private void Report(Outcome outcome, Transition transition)
    {
        var elapsed = Elapsed;
        if (outcome is Outcome.Threw threw)
            parts.Logger.JobFailed(job.Id, job.Type, job.Attempt, threw.Error.Type, threw.Error.Message);
        var ending = MayHaveEnded ? "ended in a transaction of its handler's" : transition.Name;
        parts.Logger.JobEnded(job.Id, job.Type, job.Attempt, ending, elapsed);
        var type = new KeyValuePair<string, object?>("job.type", job.Type);
        Telemetry.Attempts.Add(1, type, new KeyValuePair<string, object?>("outcome", MayHaveEnded ? "succeeded" : transition.Name));
        Telemetry.Duration.Record(elapsed.TotalSeconds, type);
    }

    public void Dispose()
    {
        timeout?.Dispose();
        grace?.Dispose();
    }
}
