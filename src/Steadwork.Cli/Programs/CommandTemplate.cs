using System.Globalization;

namespace Steadwork.Cli.Programs;

/// <summary>A command with placeholders. Arguments stay arguments: nothing an item holds can become another, and no shell reads it.</summary>
internal sealed class CommandTemplate
{
    private static readonly Dictionary<string, Part> s_placeholders = new(StringComparer.Ordinal)
    {
        ["{}"] = static (item, _) => item.Text,
        ["{.}"] = static (item, _) => item.Stem,
        ["{/}"] = static (item, _) => item.Name,
        ["{//}"] = static (item, _) => item.Directory,
        ["{/.}"] = static (item, _) => item.NameStem,
        ["{#}"] = static (_, sequence) => sequence.ToString(CultureInfo.InvariantCulture),
    };

    private readonly Part[][] _arguments;

    private CommandTemplate(Part[][] arguments, string? fixedProgram)
    {
        _arguments = arguments;
        FixedProgram = fixedProgram;
    }

    private delegate string Part(Item item, long sequence);

    /// <summary>The program's name when it is the same for every item, so that it can be looked for beforehand.</summary>
    public string? FixedProgram { get; }

    /// <summary>
    /// <c>{}</c> item, <c>{.}</c> without its extension, <c>{/}</c> name, <c>{//}</c> directory, <c>{/.}</c> name
    /// without extension, <c>{#}</c> sequence number; with <paramref name="json"/> also <c>{field}</c> and
    /// <c>{field.within}</c>. Anything else in braces stays as it is.
    /// </summary>
    /// <param name="append">Whether a command without any placeholder gets the item as its last argument.</param>
    public static CommandTemplate Parse(IReadOnlyList<string> command, bool json, bool append = true)
    {
        ArgumentOutOfRangeException.ThrowIfZero(command.Count);
        bool any = false;
        var arguments = new List<Part[]>(command.Count + 1);
        string? program = null;
        foreach (string argument in command)
        {
            Part[] parts = ParseArgument(argument, json, out bool variable);
            program ??= arguments.Count == 0 && !variable ? argument : null;
            any |= variable;
            arguments.Add(parts);
        }

        if (append && !any)
        {
            arguments.Add([s_placeholders["{}"]]);
        }

        return new CommandTemplate([.. arguments], program);
    }

    /// <summary>The program and its arguments for one item; the first has the sequence number 1.</summary>
    /// <exception cref="UnusableItem">The item lacks a field that the command names.</exception>
    public IReadOnlyList<string> Expand(Item item, long sequence)
    {
        string[] expanded = new string[_arguments.Length];
        for (int i = 0; i < expanded.Length; i++)
        {
            expanded[i] = string.Concat(_arguments[i].Select(part => part(item, sequence)));
        }

        return expanded;
    }

    private static Part[] ParseArgument(string argument, bool json, out bool variable)
    {
        var parts = new List<Part>();
        variable = false;
        int literal = 0, at = 0;
        while ((at = argument.IndexOf('{', at)) >= 0 && argument.IndexOf('}', at) is > 0 and int end)
        {
            if (Placeholder(argument[at..(end + 1)], json) is { } placeholder)
            {
                AddLiteral(parts, argument[literal..at]);
                parts.Add(placeholder);
                variable = true;
                at = literal = end + 1;
            }
            else
            {
                at++;
            }
        }

        AddLiteral(parts, argument[literal..]);
        return [.. parts];
    }

    private static Part? Placeholder(string braced, bool json)
    {
        string name = braced[1..^1];
        return s_placeholders.TryGetValue(braced, out Part? known) ? known
            : json && IsFieldName(name) ? (item, _) => item.Field(name)
            : null;
    }

    // Narrow enough to leave awk's {print $1} and a pattern's {2,3} alone.
    private static bool IsFieldName(string name) =>
        name.Length > 0
        && (char.IsLetter(name[0]) || name[0] == '_')
        && name.All(static c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.');

    private static void AddLiteral(List<Part> parts, string text)
    {
        if (text.Length > 0)
        {
            parts.Add((_, _) => text);
        }
    }
}
