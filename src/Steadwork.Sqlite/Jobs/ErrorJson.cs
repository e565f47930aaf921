using System.Text.Json;
using System.Text.Json.Serialization;

namespace Steadwork.Sqlite.Jobs;

/// <summary>A job's error as it is stored.</summary>
internal static class ErrorJson
{
    public static ReadOnlyMemory<byte> Write(JobError? error) =>
        error is null ? default : JsonSerializer.SerializeToUtf8Bytes(error, StoredJson.Default.JobError);

    public static JobError? Read(string? json) =>
        json is null ? null : JsonSerializer.Deserialize(json, StoredJson.Default.JobError);
}

[JsonSerializable(typeof(JobError))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StoredJson : JsonSerializerContext;
