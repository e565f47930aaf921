using System.Text.Json;
using Steadwork.Cli.Inputs;
using Steadwork.Storage;

namespace Steadwork.Cli.Outputs;

/// <summary>What a store keeps for how long.</summary>
internal static class RetentionPage
{
    /// <summary>Prints it for people.</summary>
    /// <param name="retention">What is set; null when nobody has set anything.</param>
    /// <param name="rules">What counts.</param>
    public static void Print(Retention? retention, RetentionRules rules)
    {
        Console.Out.WriteLine(PlainText.Line(retention is null ? "The default retention; no program has set one:" : $"The retention set by {retention.By}, {Moments.Full(retention.Since)}:"));
        var table = new Table("KEPT", "STATE", "QUEUE", "TYPE");
        foreach (var rule in rules.Rules)
            table.Add(Text(rule.Keep) ?? "for ever", rule.State?.Name() ?? "any", rule.Queue ?? "any", rule.Type ?? "any");
        table.Print();
        Console.Out.WriteLine($"The log: {Text(rules.Log) ?? "for ever"}.");
        Console.Out.WriteLine();
    }

    /// <summary>Writes it as an object.</summary>
    public static void Write(Utf8JsonWriter json, Retention? retention, RetentionRules rules)
    {
        json.WriteStartObject();
        json.WriteString("by", retention?.By);
        json.WriteTime("since", retention?.Since);
        json.WriteStartArray("rules");
        foreach (var rule in rules.Rules)
        {
            json.WriteStartObject();
            json.WriteString("keep", Text(rule.Keep));
            json.WriteString("state", rule.State?.Name());
            json.WriteString("queue", rule.Queue);
            json.WriteString("type", rule.Type);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("log", Text(rules.Log));
        json.WriteEndObject();
    }

    /// <summary>Null is for ever.</summary>
    private static string? Text(TimeSpan keep) => keep == Timeout.InfiniteTimeSpan ? null : Duration.Format(keep);
}
