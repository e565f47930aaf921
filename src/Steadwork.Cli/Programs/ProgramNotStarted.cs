namespace Steadwork.Cli.Programs;

/// <summary>The program never ran: its message is one sentence, fit to stand alone in a job's error or on stderr.</summary>
internal sealed class ProgramNotStarted(string message) : Exception(message)
{
    /// <summary>Whether another try with the same arguments is pointless.</summary>
    public bool Permanent { get; private init; }

    public static ProgramNotStarted Because(string file, int error) => new(Explain(file, error)) { Permanent = error is Libc.TooLong };

    private static string Explain(string file, int error) => error switch
    {
        Libc.NotFound when File.Exists(file) => $"'{file}' cannot be started: the interpreter or loader that it names was not found.",
        Libc.NotFound => $"'{file}' cannot be started: there is no such file.",
        Libc.Denied => $"'{file}' cannot be started: it is not a program that this user may execute.",
        Libc.TooLong => $"'{file}' cannot be started: its arguments and environment are together longer than the system allows.",
        Libc.TryAgain => $"'{file}' cannot be started: this user has reached the limit of processes.",
        _ => $"'{file}' cannot be started: {Libc.Explain(error)}.",
    };

    /// <summary>What was needed beside the program itself, such as a file for its output, could not be had.</summary>
    public static ProgramNotStarted Without(string need, int error) =>
        new($"The program cannot be started without {need}: {Libc.Explain(error)}.");
}
