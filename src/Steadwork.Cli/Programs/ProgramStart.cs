using Steadwork.Workers.Recovery;

namespace Steadwork.Cli.Programs;

/// <summary>What to run and under which limits.</summary>
internal sealed record ProgramStart
{
    /// <summary>Path of the program; see <see cref="ProgramFile.Find"/>.</summary>
    public required string File { get; init; }

    /// <summary>What it is told to be called, its argument 0. Default: <see cref="File"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The arguments after the program's own name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Added to the environment that this process was started with; the same name replaces.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>What the program can read from its standard input; null gives it an empty one.</summary>
    public ReadOnlyMemory<byte>? StandardInput { get; init; }

    /// <summary>Where its process group is noted while it runs; null notes it nowhere.</summary>
    public ProgramGroups? Groups { get; init; }

    /// <summary>How long it may run. Default null: as long as it likes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Time between SIGTERM and SIGKILL when it must end. Default 2 s.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Asked when it must end: whether that cannot wait, since others may run its job by now. Default: it can.</summary>
    public Func<bool> HasNoGrace { get; init; } = () => false;

    /// <summary>An existing directory, in which its output is captured.</summary>
    public required string OutputDirectory { get; init; }
}
