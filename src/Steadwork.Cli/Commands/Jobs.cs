using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary>What several verbs ask about single jobs.</summary>
internal static class Jobs
{
    /// <summary>One job; null when there is none.</summary>
    public static async Task<Job?> FindAsync(this IStore store, JobId id) =>
        (await store.FindAsync(new JobQuery { Ids = [id] }, CancellationToken.None).ConfigureAwait(false)).FirstOrDefault();

    /// <summary>The error of a verb that was given an id that no job has.</summary>
    public static Refusal Unknown(JobId id) => new($"There is no job {id}.");
}
