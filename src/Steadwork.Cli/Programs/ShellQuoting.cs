using System.Buffers;

namespace Steadwork.Cli.Programs;

/// <summary>Writes an argument list as a POSIX shell would read it back. For people and logs; nothing here runs one.</summary>
internal static class ShellQuoting
{
    private static readonly SearchValues<char> s_plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-");

    private static readonly HashSet<string> s_reserved = new(StringComparer.Ordinal)
    {
        "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until", "while",
    };

    public static string Join(IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Select((argument, place) => Quote(argument, first: place == 0)));

    private static string Quote(string argument, bool first)
    {
        bool plain = argument.Length > 0 && !argument.AsSpan().ContainsAnyExcept(s_plain);
        return plain && !(first && IsMoreThanAName(argument)) ? argument : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    // In the place of a command a=b is an assignment, and some words are the shell's own.
    private static bool IsMoreThanAName(string word) => word.Contains('=') || s_reserved.Contains(word);
}
