using System.Text;
using Steadwork.Cli.Shell;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>
/// Calls of the program within the process of the tests: what a verb parses, does to a store and prints is the same, and to
/// start a process takes longer than most verbs need. Each call has streams, variables and a folder of its own.
/// </summary>
internal static class ProgramCall
{
    /// <summary>Variables that the tests may have been started with, and that no call gets unless it is given them.</summary>
    public static readonly string[] Withheld = ["STEADWORK_STORE", "STEADWORK_PROGRESS", "TRACEPARENT"];

    /// <summary>The verbs that start processes, or are about their own.</summary>
    private static readonly string[] OfProcesses = ["run", "work"];

    private static readonly AsyncLocal<(TextWriter Output, TextWriter Error)?> Streams = new();

    static ProgramCall()
    {
        var (output, error) = (Console.Out, Console.Error);
        Console.SetOut(new Forwarding(() => Streams.Value?.Output ?? output));
        Console.SetError(new Forwarding(() => Streams.Value?.Error ?? error));
        // The options of a verb are shared by all its calls, and look up once how many values they take.
        foreach (var verb in Verbs.All)
            Settle(verb.Create());
    }

    /// <summary>Whether a call can be made here.</summary>
    public static bool IsPossible(IReadOnlyList<string> arguments) => !OfProcesses.Contains(VerbOf(arguments)) || arguments.Contains("--help");

    /// <summary>Makes a call, to its end.</summary>
    /// <param name="folder">The directory that it runs in.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="environment">Its variables.</param>
    public static async Task<Ended> RunAsync(string folder, IReadOnlyList<string> arguments, byte[] input, IReadOnlyDictionary<string, string> environment)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var (output, error) = (new Kept(), new Kept());
        Surroundings.Current = new Surroundings
        {
            OpenInput = () => new MemoryStream(input, writable: false),
            OpenOutput = () => output,
            OutputIsTerminal = false,
            ErrorIsTerminal = false,
            Variable = name => environment.GetValueOrDefault(name) ?? (Withheld.Contains(name) ? null : Environment.GetEnvironmentVariable(name)),
            Folder = folder,
        };
        Streams.Value = (Writer(output), Writer(error));
        var call = Program.CallAsync(arguments);
        try
        {
            var status = await call.WaitAsync(SteadworkProcess.Patience, TestContext.Current.CancellationToken).ConfigureAwait(false);
            return new Ended(status, output.Text, error.Text);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"'{string.Join(' ', arguments)}' did not end within {SteadworkProcess.Patience.TotalSeconds} s. It said: {error.Text}");
        }
    }

    /// <summary>The first word that is neither an option nor the value of one that may stand before it.</summary>
    private static string? VerbOf(IEnumerable<string> arguments)
    {
        var words = arguments.ToList();
        while (words is [['-', ..], ..])
            words.RemoveRange(0, words[0] == GlobalOptions.StoreName ? Math.Min(2, words.Count) : 1);
        return words.FirstOrDefault();
    }

    private static void Settle(System.CommandLine.Command command)
    {
        foreach (var option in command.Options)
            _ = option.Arity;
        foreach (var argument in command.Arguments)
            _ = argument.Arity;
        foreach (var verb in command.Subcommands)
            Settle(verb);
    }

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    /// <summary>What was written, also once it is closed: to close a process's standard output does not end it either.</summary>
    private sealed class Kept : MemoryStream
    {
        public string Text => Encoding.UTF8.GetString(ToArray());

        protected override void Dispose(bool disposing) { }
    }

    /// <summary>Writes to whatever the call that writes has for it.</summary>
    private sealed class Forwarding(Func<TextWriter> current) : TextWriter
    {
        public override Encoding Encoding => current().Encoding;

        public override void Write(char value) => current().Write(value);

        public override void Write(char[] buffer, int index, int count) => current().Write(buffer, index, count);

        public override void Write(string? value) => current().Write(value);

        public override void WriteLine(string? value) => current().WriteLine(value);

        public override void Flush() => current().Flush();
    }
}
