using System.Diagnostics;

namespace Steadwork.Cli.Benching;

/// <summary>Work in a time.</summary>
internal static class Rate
{
    /// <summary>Does the work, and says how many jobs of it were done a second.</summary>
    public static async Task<double> OfAsync(int jobs, Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work().ConfigureAwait(false);
        return jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

/// <summary>The pauses between pick-ups.</summary>
internal static class PickUps
{
    /// <summary>Long enough for the last one's threads to have gone to sleep, and for a bell that is only rung 50 times a second.</summary>
    public static Task PauseAsync() => Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(22, 34)), TimeProvider.System);
}
