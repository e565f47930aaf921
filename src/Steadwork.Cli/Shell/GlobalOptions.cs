using System.CommandLine;

namespace Steadwork.Cli.Shell;

/// <summary>The options that every verb takes, anywhere before <c>--</c>.</summary>
internal sealed class GlobalOptions
{
    public const string StoreName = "--store", VerboseName = "--verbose";

    public Option<string?> Store { get; } = new(StoreName)
    {
        HelpName = "URL",
        Description = "The store: sqlite:PATH, or postgres://USER@HOST/DATABASE. Default: $STEADWORK_STORE, else sqlite:steadwork.db.",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON instead of text.", Recursive = true };

    public Option<bool> Verbose { get; } = new(VerboseName) { Description = "Print the stack trace of an error.", Recursive = true };

    public Option<bool> Help { get; } = new("--help", "-h", "-?") { Description = "Show this help.", Recursive = true };

    public IEnumerable<Option> All => [Store, Json, Verbose, Help];
}
