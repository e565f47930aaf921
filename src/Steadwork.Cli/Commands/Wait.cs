using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>wait</c>: waits until a job has ended, and tells by the exit status how.</summary>
internal static class WaitCommand
{
    private static readonly Option<TimeSpan?> Timeout = Waits.Timeout();

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
        var timeout = call.Value(Timeout);
        await using var store = call.OpenExisting();
        var job = await Waits.WaitAsync(
            timeout,
            cancellation => EndAsync(store, id, cancellation),
            async () => await store.FindAsync(id).ConfigureAwait(false) ?? throw Jobs.Unknown(id)).ConfigureAwait(false);
        if (!job.State.IsEnded())
            throw Waits.Over($"Job {id} is still {JobText.State(job)}", timeout);
        if (call.Json)
            JsonOutput.Document(json => JobJson.Write(json, job));
        else
            Console.Out.WriteLine(Sentence(job));
        return job.State is JobState.Succeeded ? ExitStatus.Done : ExitStatus.WorkFailed;
    }

    private static async Task<Job> EndAsync(IStore store, JobId id, CancellationToken cancellation)
    {
        try
        {
            return await new EndWatch(store, TimeProvider.System).WaitAsync(id, cancellation).ConfigureAwait(false);
        }
        catch (JobNotFoundException error)
        {
            throw error.Deleted ? new Refusal(error.Message, ExitStatus.WorkFailed) : Jobs.Unknown(id);
        }
    }

    private static string Sentence(Job job) => PlainText.Line(job.State switch
    {
        JobState.Failed when job.LastError is { } error => $"Job {job.Id} failed: {JobText.Error(error)}",
        _ => $"Job {job.Id} {(job.State is JobState.Cancelled ? "was cancelled" : job.State.Name())}.",
    });
}
