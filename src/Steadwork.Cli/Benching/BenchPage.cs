using System.Globalization;
using System.Runtime.InteropServices;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Benching;

/// <summary>What came out, for people and for programs.</summary>
internal static class BenchPage
{
    public static void Print(Place place, IReadOnlyList<Measured> measured, int rounds, double? leastShare)
    {
        Console.Out.WriteLine($"{place.Name}; medians of {rounds} in turns, after one to warm up");
        var table = new Table("MEASURE", "#FLOOR", "#OURS", "#RATIO", "#LEAST", "#MOST", "UNIT");
        foreach (var each in measured)
            table.Add(each.Measure.Text, Text(each, each.Floor), Text(each, each.Ours), each.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-", Text(each, each.Results.Min()), Text(each, each.Results.Max()), each.Measure.Unit);
        table.Print();
        if (leastShare is { } share)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Of several processes, each did at least {share * 100:0} % of the work, every time."));
    }

    public static void Write(IReadOnlyList<Measured> measured) => JsonOutput.Document(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("machine");
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("system", RuntimeInformation.OSDescription);
        json.WriteString("architecture", RuntimeInformation.OSArchitecture.ToString());
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteEndObject();
        json.WriteStartArray("measures");
        foreach (var each in measured)
        {
            json.WriteStartObject();
            json.WriteString("name", each.Measure.Name);
            json.WriteString("unit", each.Measure.Unit);
            if (each.Floor is { } floor)
                json.WriteNumber("floor", floor);
            else
                json.WriteNull("floor");
            json.WriteNumber("ours", each.Ours);
            if (each.Ratio is { } ratio)
                json.WriteNumber("ratio", ratio);
            else
                json.WriteNull("ratio");
            json.WriteNumber("min", each.Results.Min());
            json.WriteNumber("max", each.Results.Max());
            json.WriteNumber("runs", each.Results.Count);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string Text(Measured measured, double? value) =>
        value?.ToString(measured.Measure.Unit == Measures.Milliseconds ? "0.00" : "N0", CultureInfo.InvariantCulture) ?? "-";
}
