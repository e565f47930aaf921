using System.Globalization;
using System.Text.Unicode;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Shell;
using Steadwork.Workers;

namespace Steadwork.Cli.Running;

/// <summary>Runs a program as a job, and turns its end into the job's.</summary>
/// <param name="start">The program and what it gets for a job.</param>
/// <param name="outputs">Where its outputs go.</param>
internal sealed class ProgramHandler(Func<JobContext, ProgramStart> start, ProgramOutputs outputs) : IDisposable
{
    private readonly Lock gate = new();
    private string? latest;
    private readonly Dictionary<string, Watch> watches = [];

    /// <summary>Blocks the slot's thread while the program runs: a program is worth a thread.</summary>
    public Task<ReadOnlyMemory<byte>> RunAsync(JobContext context)
    {
        using var end = RunGuarded(context);
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

    private ProgramEnd Run(JobContext context)
    {
        try
        {
            var program = start(context);
            return ProgramRun.Run(program with { Environment = Marks(context), OutputDirectory = outputs.Folder }, context.CancellationToken);
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

    /// <summary>A guard, and how many programs it now guards.</summary>
    private sealed class Watch(ProgramGuard guard)
    {
        public ProgramGuard Guard => guard;

        public int Programs { get; set; }
    }

    /// <summary>From the first program on, the death of this process is the death of its programs.</summary>
    private ProgramEnd RunGuarded(JobContext context)
    {
        var identity = context.WorkerIdentity;
        lock (gate)
        {
            if (!watches.TryGetValue(identity, out var watch))
            {
                watches[identity] = watch = new Watch(ProgramGuard.Start(WorkerIdentity.Variable, identity));
                latest = identity;
            }
            watch.Programs++;
        }
        try
        {
            return Run(context);
        }
        finally
        {
            Leave(identity);
        }
    }

    /// <summary>Dismisses the guards of earlier lives of the worker, once they guard nothing.</summary>
    private void Leave(string identity)
    {
        lock (gate)
        {
            watches[identity].Programs--;
            foreach (var (earlier, watch) in watches)
            {
                if (earlier == latest || watch.Programs > 0)
                    continue;
                watches.Remove(earlier);
                watch.Guard.Dispose();
            }
        }
    }

    private static KeyValuePair<string, string>[] Marks(JobContext context) =>
    [
        new("STEADWORK_JOB_ID", context.Id.ToString()),
        new("STEADWORK_ATTEMPT", context.Attempt.ToString(CultureInfo.InvariantCulture)),
        new("STEADWORK_LEASE_TOKEN", context.LeaseToken.ToString()),
        new(WorkerIdentity.Variable, context.WorkerIdentity),
    ];

    public void Dispose()
    {
        foreach (var watch in watches.Values)
            watch.Guard.Dispose();
    }
}
