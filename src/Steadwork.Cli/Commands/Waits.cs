using System.CommandLine;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary>Waits for the end of something, for as long as the caller likes.</summary>
internal static class Waits
{
    // What a timer can measure; a longer time is as long as it takes.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1.0);

    /// <summary>How long that is.</summary>
    public static Option<TimeSpan?> Timeout() => Options.Duration("--timeout", "How long to wait at the most, such as 5m. Default: as long as it takes.");

    /// <summary>Waits until a signal or the timeout cuts it short.</summary>
    /// <param name="timeout">What the caller said.</param>
    /// <param name="ended">Waits for it.</param>
    /// <param name="asItStands">Looks how it stands when the time is up.</param>
    /// <returns>It once it has ended, or as it stands.</returns>
    public static async Task<T> WaitAsync<T>(TimeSpan? timeout, Func<CancellationToken, Task<T>> ended, Func<Task<T>> asItStands)
    {
        using var signals = new StopSignals();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(signals.Token);
        if (timeout <= LongestTimer)
            patience.CancelAfter(timeout.Value);
        try
        {
            return await ended(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!signals.Token.IsCancellationRequested)
        {
            return await asItStands().ConfigureAwait(false);
        }
    }

    /// <summary>Why it is given up.</summary>
    public static Refusal Over(string what, TimeSpan? timeout) => new($"{what} after {Duration.Format(timeout!.Value)}.", ExitStatus.WorkFailed);
}
