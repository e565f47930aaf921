using Steadwork.Cli.Outputs;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Copying;

/// <summary>What has been copied, and what to do next.</summary>
internal static class CopyReport
{
    private const int HashShown = 12;

    public static void Print(IReadOnlyList<CopiedSection> sections, string from, string to, string variable)
    {
        var table = new Table("SECTION", "#ROWS", "SHA-256", "BOTH ALIKE");
        foreach (var section in sections)
            table.Add(section.Section.Name, section.Rows, section.Hash[..HashShown], new Cell("ok", Colour.Green));
        table.Print();
        Console.Out.WriteLine();
        Console.Out.WriteLine(PlainText.Line($"Copied to {to}. The old store takes no more work: have programs and workers use the new one"));
        Console.Out.WriteLine(PlainText.Line($"(--store, or {variable}), and remove {from} when you do not want to look at it any more."));
    }

    public static void PrintJson(IReadOnlyList<CopiedSection> sections, string to) => JsonOutput.Document(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("sections");
        foreach (var section in sections)
        {
            json.WriteStartObject();
            json.WriteString("name", section.Section.Name);
            json.WriteNumber("rows", section.Rows);
            json.WriteString("hash", section.Hash);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("to", to);
        json.WriteEndObject();
    });
}
