using System.Diagnostics;

namespace Steadwork.Soak;

/// <summary>Looks again and again for what nothing signals: the state of a server, a file that other processes write.</summary>
public static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>False when it was not so within the limit.</returns>
    public static async Task<bool> TrueAsync(Func<Task<bool>> holds, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(began) > limit)
                return false;
            await Task.Delay(Pause, TimeProvider.System);
        }
        return true;
    }
}
