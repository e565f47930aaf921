using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>stats</c>: the store in numbers.</summary>
internal static class StatsCommand
{
    public static Verb Create() => new Verb("stats", "Shows how many jobs stand in each state, queue and type, and who is at work.", "steadwork stats").Does(ShowAsync);

    private static async Task<int> ShowAsync(Call call)
    {
        await using var store = call.OpenExisting();
        var statistics = await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false);
        if (call.Json)
            JsonOutput.Document(json => StatisticsJson.Write(json, statistics));
        else
            StatisticsPage.Print(statistics);
        return ExitStatus.Done;
    }
}
