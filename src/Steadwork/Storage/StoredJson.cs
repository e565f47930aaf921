using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Steadwork.Storage;

/// <summary>A job's error as it is stored.</summary>
internal static class ErrorJson
{
    public static ReadOnlyMemory<byte> Write(JobError? error) =>
        error is null ? default : JsonSerializer.SerializeToUtf8Bytes(error, StoredJson.Default.JobError);

    public static JobError? Read(string? json) =>
        json is null ? null : JsonSerializer.Deserialize(json, StoredJson.Default.JobError);
}

/// <summary>A job's tags, or other names, as they are stored.</summary>
internal static class TagsJson
{
    public static ReadOnlyMemory<byte> Write(IReadOnlyList<string> tags) =>
        tags.Count == 0 ? default : JsonSerializer.SerializeToUtf8Bytes(tags, StoredJson.Default.IReadOnlyListString);

    public static IReadOnlyList<string> Read(string? json) =>
        json is null ? [] : JsonSerializer.Deserialize(json, StoredJson.Default.IReadOnlyListString) ?? [];
}

/// <summary>The order in which a worker claims, as it is stored. What this program does not know is taken for the default.</summary>
internal static class ClaimRuleJson
{
    internal sealed record Stored(string Order, long? Ageing, string Sharing, IReadOnlyList<int>? Weights);

    public static string Name(this QueueSharing sharing) => sharing switch { QueueSharing.InOrder => "in-order", QueueSharing.ByWeight => "by-weight", _ => "together" };

    public static ReadOnlyMemory<byte> Write(ClaimRule rule) =>
        JsonSerializer.SerializeToUtf8Bytes(new Stored(rule.Order.Name(), (long?)rule.Ageing?.TotalMilliseconds, rule.Sharing.Name(), rule.Weights), StoredJson.Default.Stored);

    public static ClaimRule Read(string json)
    {
        var stored = JsonSerializer.Deserialize(json, StoredJson.Default.Stored)!;
        return new ClaimRule
        {
            Order = ClaimOrders.All.FirstOrDefault(order => order.Name == stored.Order).Value,
            Ageing = stored.Ageing is { } interval ? TimeSpan.FromMilliseconds(interval) : null,
            Sharing = Enum.GetValues<QueueSharing>().FirstOrDefault(sharing => sharing.Name() == stored.Sharing),
            Weights = stored.Weights,
        };
    }
}

/// <summary>A pause as it is stored and logged.</summary>
internal static class PauseJson
{
    public static string Name(this PauseScope scope) => scope switch { PauseScope.Queue => "queue", PauseScope.Type => "type", _ => "schedule" };

    public static PauseScope Scope(string name) => name switch { "queue" => PauseScope.Queue, "type" => PauseScope.Type, _ => PauseScope.Schedule };

    /// <summary>What the log says of one.</summary>
    public static ReadOnlyMemory<byte> Write(PauseScope scope, string name, string by) =>
        NamedJson.Write(scope.Name(), name, by);
}

/// <summary>What the log says of a change to something that has a name.</summary>
internal static class NamedJson
{
    /// <summary>Of something that the entry names itself.</summary>
    public static ReadOnlyMemory<byte> By(string by) => Write(json => json.WriteString("by", by));

    /// <param name="what">What it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="by">Who did it.</param>
    /// <param name="set">Writes what it was set to.</param>
    public static ReadOnlyMemory<byte> Write(string what, string name, string by, Action<Utf8JsonWriter>? set = null) => Write(json =>
    {
        json.WriteString(what, name);
        json.WriteString("by", by);
        set?.Invoke(json);
    });

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        return text.WrittenMemory;
    }
}

[JsonSerializable(typeof(JobError))]
[JsonSerializable(typeof(ClaimRuleJson.Stored))]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StoredJson : JsonSerializerContext;
