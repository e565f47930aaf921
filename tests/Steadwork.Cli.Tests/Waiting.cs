using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

internal static class Waiting
{
    /// <summary>What other processes write cannot be signalled to this one: it is looked at again and again, within a bound.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var pause = new SemaphoreSlim(0);
        for (var look = 0; !holds(); look++)
        {
            look.ShouldBeLessThan(15_000, "what was waited for has not come about");
            await pause.WaitAsync(20, TestContext.Current.CancellationToken);
        }
    }
}
