using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;

namespace Steadwork.Cli.Tests;

/// <summary>
/// Compares output with the approved text in <c>Approved/</c>. With STEADWORK_APPROVE set to the path of that folder,
/// the text is written there instead.
/// </summary>
internal static partial class Approved
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Compares JSON, indented.</summary>
    public static void Json(string name, JsonElement json, CliFolder folder) => Text(name, JsonSerializer.Serialize(json, Indented), folder);

    /// <summary>Compares a table whose columns are as wide as the times in them: how far they stand apart does not count.</summary>
    public static void Table(string name, string text, CliFolder folder) => Text(name, Gap().Replace(Normal(text), "  "), folder);

    /// <summary>Compares text. Times, places and process numbers count as equal.</summary>
    public static void Text(string name, string text, CliFolder folder)
    {
        var actual = Normal(text.Replace(folder.Path, "<folder>").Replace(Environment.MachineName, "<host>")).TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("STEADWORK_APPROVE") is { Length: > 0 } approving)
            File.WriteAllText(Path.Combine(approving, name + ".txt"), actual);
        else
            actual.ShouldBe(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Approved", name + ".txt")));
    }

    private static string Normal(string text)
    {
        text = IsoTime().Replace(text, "<time>");
        text = PeopleTime().Replace(text, "<time>");
        text = Took().Replace(text, "took <duration>");
        text = Relative().Replace(text, "<age>");
        return ProcessNumber().Replace(text, "$1<process>");
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")]
    private static partial Regex IsoTime();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, (now|\d+s ago)")]
    private static partial Regex PeopleTime();

    [GeneratedRegex(@"took [\d.]+m?s")]
    private static partial Regex Took();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Gap();

    [GeneratedRegex(@"\b(now|\d+s ago|for [\d.]+m?s)\b")]
    private static partial Regex Relative();

    [GeneratedRegex("""("processId": )\d+""")]
    private static partial Regex ProcessNumber();
}
