using System.Text.Json.Serialization;

namespace Steadwork.Cli.Benching;

/// <summary>The payload of all jobs that are measured: about 100 bytes as JSON.</summary>
internal sealed record Note(string Path, int Size, string[] Tags, string Reason)
{
    /// <summary>One as callers have it.</summary>
    public static Note Typed { get; } = new("notes/2026/a-note-of-usual-length.md", 12345, ["a", "b", "c"], "import of notes");

    /// <summary>The same as it is stored.</summary>
    public static ReadOnlyMemory<byte> Raw { get; } = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(Typed, NoteJson.Default.Note);
}

/// <summary>The payload of a job that runs until it is cancelled.</summary>
internal sealed record Hold;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(Hold))]
internal sealed partial class NoteJson : JsonSerializerContext;
