namespace Steadwork.Cli.Shell;

/// <summary>
/// What surrounds a call of the program besides <see cref="Console.Out"/> and <see cref="Console.Error"/>. It is that of the
/// process, unless whoever calls brings another for this call and what follows from it.
/// </summary>
internal sealed class Surroundings
{
    private static readonly AsyncLocal<Surroundings?> Brought = new();
    private static readonly Surroundings OfProcess = new();

    private DateTimeOffset? now;

    /// <summary>Those of the present call.</summary>
    public static Surroundings Current
    {
        get => Brought.Value ?? OfProcess;
        set => Brought.Value = value;
    }

    /// <summary>Standard input, as bytes.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>Standard output, as bytes.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Whether people look at standard output, or something reads it.</summary>
    public bool OutputIsTerminal { get; init; } = !Console.IsOutputRedirected;

    /// <summary>The same of standard error.</summary>
    public bool ErrorIsTerminal { get; init; } = !Console.IsErrorRedirected;

    /// <summary>The variables of the environment; null for one that is not set.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Where relative paths begin. Null: in the current directory, which need not exist while nobody names such a path.</summary>
    public string? Folder { get; init; }

    /// <summary>The time by which everything that is printed is reckoned: when it was first asked for.</summary>
    public DateTimeOffset Now => now ??= TimeProvider.System.GetUtcNow();

    /// <summary>A path as it is meant here.</summary>
    public string FullPath(string path) => Folder is { } folder ? Path.GetFullPath(path, folder) : Path.GetFullPath(path);
}
