using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>stats</c>: the store in numbers.</summary>
internal static class StatsCommand
{
    public static Verb Create() => new Verb("stats", "Shows how many jobs stand in each state, queue and type, and who is at work.", "steadwork stats").Does(ShowAsync);

    private static Task<int> ShowAsync(Call call) => Answer.ShowAsync(call, store => store.StatisticsAsync(CancellationToken.None), StatisticsJson.Write, StatisticsPage.Print);
}
