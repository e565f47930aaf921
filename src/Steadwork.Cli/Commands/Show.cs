using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>show</c>: one job with all that is known of it.</summary>
internal static class ShowCommand
{
    public static Verb Create()
    {
        var id = JobIds.One("The job.");
        return new Verb("show", "Shows one job with its attempts and errors.", "steadwork show 42") { id }
            .Does(call => ShowAsync(call, call.Value(id)));
    }

    private static async Task<int> ShowAsync(Call call, JobId id)
    {
        await using var store = call.OpenExisting();
        var job = await store.FindAsync(id).ConfigureAwait(false) ?? throw Jobs.Unknown(id);
        var attempts = await store.AttemptsAsync(id, CancellationToken.None).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => JobJson.Write(json, job, attempts));
        else
            JobPage.Print(job, attempts, await NobodyForAsync(store, job).ConfigureAwait(false));
        return ExitStatus.Done;
    }

    /// <summary>Why the job would wait forever as things stand; null when somebody could run it, or nobody needs to.</summary>
    private static async Task<string?> NobodyForAsync(IStore store, Job job)
    {
        if (job.State is not (JobState.Pending or JobState.Waiting))
            return null;
        var workers = (await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)).Workers;
        if (workers.Count == 0)
            return "No worker is alive that could run it.";
        var capable = workers.Where(worker => worker.Types.Contains(job.Type)).ToList();
        if (capable.Count == 0)
            return $"No live worker has a handler for the type '{job.Type}'.";
        return capable.Any(worker => worker.Queues.Contains(job.Queue)) ? null : $"No live worker with a handler for it serves the queue '{job.Queue}'.";
    }
}
