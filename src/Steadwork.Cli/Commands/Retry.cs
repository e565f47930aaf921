using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Commands;

/// <summary><c>retry</c>: runs failed or cancelled jobs again.</summary>
internal static class RetryCommand
{
    public static Verb Create() => Requests.Verb(
        "retry", "Runs failed or cancelled jobs again, with all their attempts before them.", JobRequest.Retry, "will run again", "only a failed or cancelled job can be retried");
}
