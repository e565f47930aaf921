using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>workers list</c>: who is at work.</summary>
internal static class WorkersCommand
{
    public static Verb Create() => new("workers", "Shows the workers.", "steadwork workers list")
    {
        new Verb("list", "Lists the live workers with what they serve.", "steadwork workers list").Does(ListAsync),
    };

    private static Task<int> ListAsync(Call call) =>
        Answer.ShowAsync(call, store => store.StatisticsAsync(CancellationToken.None), (json, statistics) => StatisticsJson.WriteWorkers(json, statistics.Workers), Print);

    private static void Print(StoreStatistics statistics)
    {
        if (statistics.Workers.Count == 0)
            Console.Out.WriteLine("No worker is alive.");
        else
            StatisticsPage.WorkerTable(statistics.Workers).Print();
    }
}
