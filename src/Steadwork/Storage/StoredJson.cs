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
    public static ReadOnlyMemory<byte> Write(string what, string name, string by) =>
        JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { [what] = name, ["by"] = by }, StoredJson.Default.DictionaryStringString);
}

[JsonSerializable(typeof(JobError))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StoredJson : JsonSerializerContext;
