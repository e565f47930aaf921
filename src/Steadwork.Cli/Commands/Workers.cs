using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>workers list</c>: who is at work.</summary>
internal static class WorkersCommand
{
    public static Verb Create() => new("workers", "Shows the workers.", "steadwork workers list")
    {
        new Verb("list", "Lists the live workers with what they serve.", "steadwork workers list").Does(ListAsync),
    };

    private static async Task<int> ListAsync(Call call)
    {
        await using var store = call.OpenExisting();
        var workers = (await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)).Workers;
        if (call.Json)
            JsonOutput.Document(json => StatisticsJson.WriteWorkers(json, workers));
        else if (workers.Count == 0)
            Console.Out.WriteLine("No worker is alive.");
        else
            StatisticsPage.WorkerTable(workers).Print();
        return ExitStatus.Done;
    }
}
