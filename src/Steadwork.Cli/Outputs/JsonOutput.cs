using System.Buffers;
using System.Text.Json;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Outputs;

/// <summary>JSON on standard output, written as it grows: a long list is never held whole.</summary>
internal sealed class JsonOutput : IDisposable
{
    private const int FlushAt = 64 * 1024;

    private readonly Stream stream = Surroundings.Current.OpenOutput();

    /// <summary>Where the document is written.</summary>
    public Utf8JsonWriter Writer { get; }

    public JsonOutput() => Writer = new Utf8JsonWriter(stream, Options);

    private static JsonWriterOptions Options => new() { Encoder = ReadableJson.Encoder, MaxDepth = 1000 };

    /// <summary>Writes one document and a line break.</summary>
    public static void Document(Action<Utf8JsonWriter> write)
    {
        using var output = new JsonOutput();
        write(output.Writer);
    }

    /// <summary>The same JSON as it would be printed, indented for people when asked.</summary>
    /// <returns>Null when it is not valid JSON.</returns>
    public static string? Text(ReadOnlyMemory<byte> json, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>(json.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer, Options with { Indented = indented }))
        {
            if (!writer.TryEmbed(json))
                return null;
        }
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Sends what has been written so far once it is much.</summary>
    public void FlushIfLong()
    {
        if (Writer.BytesPending > FlushAt)
            Writer.Flush();
    }

    /// <summary>Ends the document.</summary>
    public void Dispose()
    {
        Writer.Dispose();
        stream.Write("\n"u8);
        stream.Dispose();
    }
}
