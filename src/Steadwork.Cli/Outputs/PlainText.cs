using System.Globalization;
using System.Text;

namespace Steadwork.Cli.Outputs;

/// <summary>Text from elsewhere on its way to a terminal. Raw control characters could move the cursor, forge lines or change the title.</summary>
internal static class PlainText
{
    /// <summary>The text on one line.</summary>
    public static string Line(string text) => Escape(text, keepLines: false);

    /// <summary>The text with its line breaks and tabs.</summary>
    public static string Lines(string text) => Escape(text.ReplaceLineEndings("\n"), keepLines: true);

    /// <summary>The first <paramref name="length"/> characters of the text on one line.</summary>
    public static string Cut(string text, int length)
    {
        // A cut within a surrogate pair would leave half a character.
        var start = text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
        return Line(start) + (start.Length < text.Length ? "…" : "");
    }

    /// <summary>Whether a character acts on a terminal instead of being shown: controls, and the marks that turn the direction of text.</summary>
    public static bool Acts(int character) =>
        character is < 0x20 or (>= 0x7F and < 0xA0) or 0x061C or 0x200E or 0x200F or 0x2028 or 0x2029 or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static string Escape(string text, bool keepLines)
    {
        bool IsShown(char c) => !Acts(c) || (keepLines && c is '\n' or '\t');
        if (text.All(IsShown))
            return text;
        var shown = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (IsShown(c))
                shown.Append(c);
            else
                _ = c switch
                {
                    '\n' => shown.Append("\\n"),
                    '\r' => shown.Append("\\r"),
                    '\t' => shown.Append("\\t"),
                    _ => shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                };
        }
        return shown.ToString();
    }
}
