using System.CommandLine;
using System.Text;

namespace Steadwork.Cli.Shell;

/// <summary>The help of the program or of one verb.</summary>
internal static class HelpPage
{
    private const int FirstColumn = 24, Width = 79;

    public static string Of(Command command, Command root)
    {
        var page = new StringBuilder();
        page.AppendJoin(Environment.NewLine, Wrap(command.Description ?? "", Width)).AppendLine().AppendLine();
        page.Append("Usage: ").AppendLine(Usage(command));
        Section(page, "Verbs", command.Subcommands.Select(verb => (verb.Name, FirstSentence(verb.Description))));
        Section(page, "Arguments", command.Arguments.Select(argument => (argument.HelpName ?? argument.Name, argument.Description)));
        if (command != root)
            Section(page, "Options", command.Options.Select(Entry));
        Section(page, "Global options", root.Options.Where(option => command == root || option.Recursive).Select(Entry));
        if (command is Verb { Examples: { Count: > 0 } examples })
        {
            page.AppendLine().AppendLine(examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in examples)
                page.Append("  ").AppendLine(example);
        }
        return page.ToString();
    }

    private static string Usage(Command command)
    {
        var words = new List<string> { CommandLine.PathOf(command) };
        if (command.Subcommands.Count > 0)
            words.Add("VERB");
        words.Add("[OPTION]…");
        words.AddRange(command.Arguments.Select(argument =>
        {
            var name = (argument.HelpName ?? argument.Name) + (argument.Arity.MaximumNumberOfValues > 1 ? "…" : "");
            return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
        }));
        return string.Join(' ', words);
    }

    private static (string, string?) Entry(Option option) =>
        (string.Join(", ", option.Aliases.Prepend(option.Name)) + (option.HelpName is { } value ? " " + value : ""), option.Description);

    private static string? FirstSentence(string? text) => text?.IndexOf(". ", StringComparison.Ordinal) is > 0 and var end ? text[..(end + 1)] : text;

    private static void Section(StringBuilder page, string title, IEnumerable<(string Name, string? Description)> entries)
    {
        var rows = entries.ToList();
        if (rows.Count == 0)
            return;
        page.AppendLine().Append(title).AppendLine(":");
        foreach (var (name, description) in rows)
        {
            var indent = new string(' ', FirstColumn);
            page.Append(("  " + name).PadRight(FirstColumn));
            if (name.Length + 3 > FirstColumn)
                page.AppendLine().Append(indent);
            page.AppendJoin(Environment.NewLine + indent, Wrap(description ?? "", Width - FirstColumn)).AppendLine();
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        yield return line.ToString();
    }
}
