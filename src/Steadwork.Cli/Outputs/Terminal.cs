using Spectre.Console;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Outputs;

/// <summary>What standard output and standard error can show.</summary>
internal static class Terminal
{
    private const int Usual = 80;

    /// <summary>How many columns standard output has; null when it is not a terminal, where nothing needs to be cut.</summary>
    public static int? Width => !Surroundings.Current.OutputIsTerminal ? null : Console.WindowWidth is > 0 and var width ? width : Usual;

    /// <summary>Whether a line on standard error can be drawn over.</summary>
    public static bool CanRedraw => Surroundings.Current.ErrorIsTerminal && IsAble;

    private static bool HasColours => Surroundings.Current.OutputIsTerminal && Surroundings.Current.Variable("NO_COLOR") is null or "" && IsAble;

    private static bool IsAble => Surroundings.Current.Variable("TERM") is not (null or "" or "dumb");

    /// <summary>The text in a colour where there are colours.</summary>
    public static string Paint(string text, Colour colour) => !HasColours ? text : colour switch
    {
        Colour.Faint => $"\e[2m{text}\e[0m",
        Colour.Blue => $"\e[34m{text}\e[0m",
        Colour.Green => $"\e[32m{text}\e[0m",
        Colour.Yellow => $"\e[33m{text}\e[0m",
        Colour.Red => $"\e[31m{text}\e[0m",
        _ => text,
    };

    /// <summary>As much of the text as fits into so many columns, with an ellipsis when something is left out.</summary>
    public static string Cut(string text, int width)
    {
        if (text.GetCellWidth() <= width)
            return text;
        var length = 0;
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            used += rune.ToString().GetCellWidth();
            if (used > width - 1)
                break;
            length += rune.Utf16SequenceLength;
        }
        return text[..length] + "…";
    }
}
