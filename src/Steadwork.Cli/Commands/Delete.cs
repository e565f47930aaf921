using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>delete</c>: removes jobs and their history.</summary>
internal static class DeleteCommand
{
    public static Verb Create() => Requests.Verb(
        "delete", "Removes jobs and their history for good. A running job must be cancelled first.", JobRequest.Delete, "is deleted", "cancel it first, and delete it when it has ended");
}
