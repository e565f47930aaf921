using System.Globalization;
using System.Text.Unicode;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Shell;
using Steadwork.Workers;
using Steadwork.Workers.Recovery;

namespace Steadwork.Cli.Running;

/// <summary>Runs a program as a job, and turns its end into the job's.</summary>
/// <param name="start">The program and what it gets for a job.</param>
/// <param name="outputs">Where its outputs go.</param>
/// <param name="watches">See to it that no program outlives its worker.</param>
internal sealed class ProgramHandler(Func<JobContext, ProgramStart> start, ProgramOutputs outputs, ProgramWatches watches)
{
    /// <summary>Blocks the slot's thread while the program runs: a program is worth a thread.</summary>
    public Task<ReadOnlyMemory<byte>> RunAsync(JobContext context)
    {
        using var watch = watches.Over(context);
        using var end = Run(context, watch.Groups);
        var stdout = end.StandardOutput.Tail(ProgramResult.MaxOutput);
        var stderr = end.StandardError.Tail(ProgramResult.MaxOutput);
        Keep(context, end, whole: Utf8.IsValid(stdout) && Utf8.IsValid(stderr));
        var result = ProgramResult.Write(end, stdout, stderr);
        if (end is { ExitCode: 0, TimedOut: false, Cancelled: false })
            return Task.FromResult(result);
        throw new JobFailedException(ProgramResult.Error(end, outputs.Timeout, stderr)) { Result = result };
    }

    /// <summary>The work is done, or has failed, whether or not a copy of its output can be kept.</summary>
    private void Keep(JobContext context, ProgramEnd end, bool whole)
    {
        try
        {
            outputs.Take(context, end, whole);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Failures.Say($"the output of job {context.Id} cannot be kept whole: {error.Message}");
        }
    }

    private ProgramEnd Run(JobContext context, ProgramGroups? groups)
    {
        try
        {
            var program = start(context);
            return ProgramRun.Run(program with { Environment = Marks(context), Groups = groups, HasNoGrace = () => context.StopReason is StopReason.LeaseLost }, context.CancellationToken);
        }
        catch (UnusableItem error)
        {
            throw new JobFailedException(new JobError("unusable-item", error.Message)) { Permanent = true };
        }
        catch (ProgramNotStarted error)
        {
            throw new JobFailedException(new JobError("not-started", error.Message)) { Permanent = error.Permanent };
        }
    }

    private static KeyValuePair<string, string>[] Marks(JobContext context) =>
    [
        new("STEADWORK_JOB_ID", context.Id.ToString()),
        .. context.BatchId is { } batch ? [new("STEADWORK_BATCH_ID", batch.ToString())] : Array.Empty<KeyValuePair<string, string>>(),
        new("STEADWORK_ATTEMPT", context.Attempt.ToString(CultureInfo.InvariantCulture)),
        new("STEADWORK_LEASE_TOKEN", context.LeaseToken.ToString()),
        new(WorkerIdentity.Variable, context.WorkerIdentity),
    ];
}
