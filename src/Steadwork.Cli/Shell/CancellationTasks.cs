namespace Steadwork.Cli.Shell;

/// <summary>Cancellation as something to wait for.</summary>
internal static class CancellationTasks
{
    /// <summary>Ends once the token is cancelled.</summary>
    public static Task WhenCancelled(this CancellationToken cancellation)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellation.Register(() => cancelled.TrySetResult());
        return cancelled.Task;
    }
}
