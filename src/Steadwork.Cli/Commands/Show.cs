using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

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
        var standing = await store.StandingAsync(id, CancellationToken.None).ConfigureAwait(false) ?? throw Jobs.Unknown(id);
        var attempts = await store.AttemptsAsync(id, CancellationToken.None).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => JobJson.Write(json, standing.Job, new(standing.Parents, standing.Follows, attempts)));
        else
            JobPage.Print(standing, attempts, await WaitReason.OfAsync(store, standing, CancellationToken.None).ConfigureAwait(false));
        return ExitStatus.Done;
    }
}
