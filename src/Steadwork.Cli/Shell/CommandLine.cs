using System.CommandLine;

namespace Steadwork.Cli.Shell;

/// <summary>From the arguments to the verb that they call.</summary>
internal static class CommandLine
{
    // A leading @ or [ in a payload is text, and so is a bundle of letters after one dash.
    private static readonly ParserConfiguration Parsing = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Parses the arguments and does what they say.</summary>
    /// <returns>The exit status.</returns>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var options = new GlobalOptions();
        var version = new Option<bool>("--version") { Description = "Show the version." };
        var root = new Command("steadwork", "Durable background jobs.") { version };
        foreach (var option in options.All)
            root.Add(option);
        foreach (var verb in Called(arguments))
            root.Add(verb.Create());

        var parsed = root.Parse(arguments, Parsing);
        var command = parsed.CommandResult.Command;
        if (parsed.GetValue(options.Help))
            return Print(HelpPage.Of(command, root));
        if (parsed.GetValue(version))
            return Print(typeof(CommandLine).Assembly.GetName().Version!.ToString(3) + Environment.NewLine);
        if (Misuse.Find(parsed) is { } misuse)
            throw new Refusal($"{misuse} See '{PathOf(command)} --help'.");
        return ((Verb)command).Work!(new Call(parsed, options));
    }

    /// <summary>How a command is called, such as <c>steadwork workers list</c>.</summary>
    public static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;

    private static Task<int> Print(string text)
    {
        Console.Out.Write(text);
        return Task.FromResult(ExitStatus.Done);
    }

    /// <summary>The one verb that is called, or all of them when it is not clear which.</summary>
    private static IEnumerable<(string Name, Func<Verb> Create)> Called(IReadOnlyList<string> arguments)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            if (arguments[index] == GlobalOptions.StoreName)
                index++;
            else if (!arguments[index].StartsWith('-'))
                return Verbs.All.Where(verb => verb.Name == arguments[index]).DefaultIfEmpty().First() is { Create: not null } called ? [called] : Verbs.All;
        }
        return Verbs.All;
    }
}
