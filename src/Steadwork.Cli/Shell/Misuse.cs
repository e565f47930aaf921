using System.CommandLine;
using System.CommandLine.Parsing;

namespace Steadwork.Cli.Shell;

/// <summary>Finds what is wrong with a command line, and says the first of it in one sentence.</summary>
internal static class Misuse
{
    public static string? Find(ParseResult parsed)
    {
        if (UnknownOption(parsed) is { } unknown)
            return $"There is no option '{unknown}'.";
        if (parsed.Tokens is [{ Type: TokenType.Directive } directive, ..])
            return $"There is no verb '{directive.Value}'.";
        var command = parsed.CommandResult.Command;
        if (command is not Verb { Work: not null })
        {
            return parsed.UnmatchedTokens is [var word, ..]
                ? $"There is no verb '{word}'.{Guess(word, command.Subcommands.Select(verb => verb.Name))}"
                : $"Say what to do: {CommandLine.PathOf(command)} VERB.";
        }
        if (parsed.UnmatchedTokens is [var extra, ..])
            return $"'{extra}' is one argument too many.";
        return parsed.Errors is [var error, ..] ? Sentence(error) : null;
    }

    /// <summary>
    /// The parser takes an option that it does not know for an argument. Before <c>--</c> nothing else begins with a dash,
    /// save a lone one and a negative number.
    /// </summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        var taken = new HashSet<Token>(ReferenceEqualityComparer.Instance);
        foreach (var option in parsed.CommandResult.Children.OfType<OptionResult>().Concat(parsed.RootCommandResult.Children.OfType<OptionResult>()))
            taken.UnionWith(option.Tokens);
        return parsed.Tokens
            .TakeWhile(token => token.Type is not TokenType.DoubleDash)
            .FirstOrDefault(token => token.Type is TokenType.Argument && token.Value is ['-', not (>= '0' and <= '9'), ..] && !taken.Contains(token))?.Value;
    }

    private static string Sentence(ParseError error) => error.SymbolResult switch
    {
        ArgumentResult { Tokens.Count: 0, Argument: { Arity.MinimumNumberOfValues: > 0 } argument, Parent: CommandResult } => $"{argument.HelpName} is missing.",
        OptionResult { Tokens.Count: 0 } option => $"{option.Option.Name} needs a value.",
        ArgumentResult { Tokens.Count: 0, Parent: OptionResult option } => $"{option.Option.Name} needs a value.",
        OptionResult { Tokens.Count: > 1, Option.Arity.MaximumNumberOfValues: 1 } option => $"{option.Option.Name} was given more than once.",
        ArgumentResult { Parent: OptionResult { Tokens.Count: > 1, Option.Arity.MaximumNumberOfValues: 1 } option } => $"{option.Option.Name} was given more than once.",
        _ => error.Message.EndsWith('.') ? error.Message : error.Message + ".",
    };

    private static string Guess(string word, IEnumerable<string> names)
    {
        var (name, distance) = names.Select(name => (name, Distance(word, name))).MinBy(guess => guess.Item2);
        return distance <= (word.Length <= 3 ? 1 : Math.Max(2, word.Length / 3)) ? $" Did you mean '{name}'?" : "";
    }

    /// <summary>How many letters must change to make one word of the other.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
