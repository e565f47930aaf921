using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Benching;

/// <summary>What came out, for people and for programs.</summary>
internal sealed class BenchPage(Place place, IReadOnlyList<Measured> measured, int rounds)
{
    private static readonly string Machine = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, {RuntimeInformation.FrameworkDescription}, {Compiled}");

    /// <summary>How the program that measures was made: its memory and its start go by that.</summary>
    private static string Compiled => RuntimeFeature.IsDynamicCodeCompiled ? "compiled just in time" : "compiled ahead of time";

    private string Title => $"{place.Name}; {Way}";

    private string Way => $"medians of {rounds} in turns, after one to warm up, with the least and the most";

    public void Print()
    {
        Console.Out.WriteLine(Title);
        var table = new Table("MEASURE", "#FLOOR", "FROM-TO", "#OURS", "FROM-TO", "#RATIO", "UNIT");
        foreach (var each in measured)
            table.Add([.. Cells(each).Select(text => new Cell(text))]);
        table.Print();
    }

    public void Write() => JsonOutput.Document(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("machine");
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("system", RuntimeInformation.OSDescription);
        json.WriteString("architecture", RuntimeInformation.OSArchitecture.ToString());
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteString("compiled", Compiled);
        json.WriteEndObject();
        json.WriteString("store", place.Kind);
        json.WriteStartArray("measures");
        foreach (var each in measured)
        {
            json.WriteStartObject();
            json.WriteString("name", each.Figure.Name);
            json.WriteString("unit", each.Figure.Unit);
            foreach (var (name, value) in new[] { ("floor", each.Floor), ("ours", each.Ours), ("ratio", each.Ratio) })
            {
                if (value is { } number)
                    json.WriteNumber(name, number);
                else
                    json.WriteNull(name);
            }
            json.WriteNumber("min", each.Shown.Min());
            json.WriteNumber("max", each.Shown.Max());
            if (each.Floors.Count > 0)
            {
                json.WriteNumber("floorMin", each.Floors.Min());
                json.WriteNumber("floorMax", each.Floors.Max());
            }
            json.WriteNumber("runs", each.Shown.Count);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Writes a Markdown page, and beside it the chart that it shows.</summary>
    /// <param name="path">Of the page, which is written anew; the chart has its name, and ends in <c>.svg</c>.</param>
    public void WriteTo(string path)
    {
        var chart = Path.ChangeExtension(path, ".svg");
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"# {place.Kind}")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"By `steadwork bench`, {Way}. {Machine}.")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"![Ours against the floor, each measure a bar]({Path.GetFileName(chart)})")
            .AppendLine()
            .AppendLine("| measure | floor | from–to | ours | from–to | ratio | |")
            .AppendLine("|---|---:|---:|---:|---:|---:|---|");
        foreach (var each in measured)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Cells(each))} |");
        File.WriteAllText(path, text.ToString());
        File.WriteAllText(chart, RatioChart.Of([.. measured.Where(each => each.Ratio is not null)]));
    }

    private static string[] Cells(Measured each) =>
    [
        each.Figure.Text, Text(each, each.Floor), Range(each, each.Floors), Text(each, each.Ours), Range(each, each.Results), each.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-", each.Figure.Unit,
    ];

    private static string Range(Measured each, IReadOnlyList<double> values) => values.Count == 0 ? "-" : $"{Text(each, values.Min())}–{Text(each, values.Max())}";

    private static string Text(Measured measured, double? value) => value?.ToString(measured.Figure.Unit switch
    {
        Units.PerSecond or Units.BytesPerJob => "N0",
        Units.TransactionsPerJob or Units.StatementsPerJob => "0.0000",
        Units.Megabytes => "0",
        _ => "0.00",
    }, CultureInfo.InvariantCulture) ?? "-";
}
