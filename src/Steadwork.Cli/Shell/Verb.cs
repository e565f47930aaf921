using System.CommandLine;

namespace Steadwork.Cli.Shell;

/// <summary>A verb of the command line: what System.CommandLine needs to parse it, an example, and what it does.</summary>
internal sealed class Verb(string name, string summary, params string[] examples) : Command(name, summary)
{
    /// <summary>Command lines for the end of the help, without the program's name.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>What it does; null when it only holds other verbs.</summary>
    public Func<Call, Task<int>>? Work { get; private set; }

    /// <summary>Adds options that verbs share.</summary>
    public void Add(IEnumerable<Option> shared)
    {
        foreach (var option in shared)
            Options.Add(option);
    }

    /// <summary>Sets what the verb does. The answer is the exit status.</summary>
    public Verb Does(Func<Call, Task<int>> work)
    {
        Work = work;
        return this;
    }
}
