using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>wait</c>: waits until a job has ended, and tells by the exit status how.</summary>
internal static class WaitCommand
{
    // What a timer can measure; a longer time is as long as it takes.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1.0);

    private static readonly Option<TimeSpan?> Timeout = Options.Duration("--timeout", "How long to wait at the most, such as 5m. Default: as long as it takes.");

    public static Verb Create()
    {
        var id = JobIds.One("The job.");
        return new Verb("wait", "Waits until a job has ended. Ends with 0 when it succeeded, with 1 when it failed, was cancelled or took too long.", "steadwork wait 42 --timeout 10m")
        {
            id, Timeout,
        }.Does(call => WaitAsync(call, call.Value(id)));
    }

    private static async Task<int> WaitAsync(Call call, JobId id)
    {
        using var signals = new StopSignals();
        await using var store = call.OpenExisting();
        var job = await EndAsync(store, id, call.Value(Timeout), signals.Token).ConfigureAwait(false);
        if (!job.State.IsEnded())
            throw new Refusal($"Job {id} is still {JobText.State(job)} after {Duration.Format(call.Value(Timeout)!.Value)}.", ExitStatus.WorkFailed);
        if (call.Json)
            JsonOutput.Document(json => JobJson.Write(json, job));
        else
            Console.Out.WriteLine(Sentence(job));
        return job.State is JobState.Succeeded ? ExitStatus.Done : ExitStatus.WorkFailed;
    }

    /// <summary>The job once it has ended, or as it stands when the time is up.</summary>
    private static async Task<Job> EndAsync(IStore store, JobId id, TimeSpan? timeout, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (timeout <= LongestTimer)
            patience.CancelAfter(timeout.Value);
        try
        {
            return await new EndWatch(store, TimeProvider.System).WaitAsync(id, patience.Token).ConfigureAwait(false);
        }
        catch (JobNotFoundException error)
        {
            throw error.Deleted ? new Refusal(error.Message, ExitStatus.WorkFailed) : Jobs.Unknown(id);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return await store.FindAsync(id).ConfigureAwait(false) ?? throw Jobs.Unknown(id);
        }
    }

    private static string Sentence(Job job) => PlainText.Line(job.State switch
    {
        JobState.Failed when job.LastError is { } error => $"Job {job.Id} failed: {JobText.Error(error)}",
        _ => $"Job {job.Id} {(job.State is JobState.Cancelled ? "was cancelled" : job.State.Name())}.",
    });
}
