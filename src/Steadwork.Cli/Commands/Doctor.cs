using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Commands;

/// <summary><c>doctor</c>: what slows the store down or endangers it.</summary>
internal static class DoctorCommand
{
    public static Verb Create() => new Verb(
        "doctor", "Looks for what slows the store down or endangers it, and changes nothing. Ends with 1 when something is broken.", "steadwork doctor")
        .Does(ExamineAsync);

    private static async Task<int> ExamineAsync(Call call)
    {
        await using var store = call.OpenExisting();
        var findings = await ((IExaminableStore)store).ExamineAsync(CancellationToken.None).ConfigureAwait(false);
        var ok = findings.All(finding => finding.Level is not FindingLevel.Fail);
        if (call.Json)
            PrintJson(findings, ok);
        else
            Print(findings);
        return ok ? ExitStatus.Done : ExitStatus.WorkFailed;
    }

    private static void Print(IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
            Console.Out.WriteLine($"{Terminal.Paint($"{Word(finding.Level),-4}", ColourOf(finding.Level))}  {finding.Name,-12} {finding.Text}");
    }

    private static void PrintJson(IReadOnlyList<Finding> findings, bool ok) => JsonOutput.Document(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", ok);
        json.WriteStartArray("checks");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("name", finding.Name);
            json.WriteString("result", Word(finding.Level));
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Word(FindingLevel level) => level switch
    {
        FindingLevel.Pass => "pass",
        FindingLevel.Warn => "warn",
        _ => "fail",
    };

    private static Colour ColourOf(FindingLevel level) => level switch
    {
        FindingLevel.Pass => Colour.Green,
        FindingLevel.Warn => Colour.Yellow,
        _ => Colour.Red,
    };
}
