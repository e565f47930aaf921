using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>cancel</c>: ends jobs without success.</summary>
internal static class CancelCommand
{
    public static Verb Create() => Requests.Verb(
        "cancel", "Cancels jobs. One that runs is told to stop; one that waits never starts.", JobRequest.Cancel, "is cancelled", "only a job that has not ended can be cancelled");
}
