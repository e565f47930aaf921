using System.Text.Json;
using System.Text.Json.Serialization;

namespace Steadwork.Storage;

/// <summary>The retention of a store as it is stored: as the setting <see cref="Setting"/>, and logged.</summary>
internal static class RetentionJson
{
    /// <summary>What it is called in the table of settings.</summary>
    public const string Setting = "retention";

    /// <summary>How long something is kept is in milliseconds, and -1 for ever.</summary>
    internal sealed record Stored(IReadOnlyList<StoredRule> Rules, long Log, string? By = null);

    /// <summary>What is null counts for any.</summary>
    internal sealed record StoredRule(long Keep, string? Queue, string? Type, string? State);

    /// <summary>The same rules are the same text.</summary>
    public static string Write(RetentionRules rules) => JsonSerializer.Serialize(Of(rules), RetentionJsonContext.Default.Stored);

    /// <summary>What the log says of it.</summary>
    public static ReadOnlyMemory<byte> Told(RetentionRules rules, string by) => JsonSerializer.SerializeToUtf8Bytes(Of(rules) with { By = by }, RetentionJsonContext.Default.Stored);

    public static RetentionRules Read(string json)
    {
        var stored = JsonSerializer.Deserialize(json, RetentionJsonContext.Default.Stored)!;
        return new RetentionRules(
            [
                .. stored.Rules.Select(rule => new RetentionRule(TimeSpan.FromMilliseconds(rule.Keep))
                {
                    Queue = rule.Queue,
                    Type = rule.Type,
                    State = rule.State is { } state ? JobStates.Parse(state) : null,
                }),
            ],
            TimeSpan.FromMilliseconds(stored.Log));
    }

    private static Stored Of(RetentionRules rules) =>
        new([.. rules.Rules.Select(rule => new StoredRule((long)rule.Keep.TotalMilliseconds, rule.Queue, rule.Type, rule.State?.Name()))], (long)rules.Log.TotalMilliseconds);
}

[JsonSerializable(typeof(RetentionJson.Stored))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class RetentionJsonContext : JsonSerializerContext;
