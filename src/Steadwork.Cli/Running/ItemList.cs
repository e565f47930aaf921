using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Running;

/// <summary>How a list of items is written.</summary>
internal enum ItemForm
{
    Lines,
    NulSeparated,
    JsonLines,
}

/// <summary>An item of a run: its payload, and the key that is the same wherever and however often the item is listed.</summary>
/// <param name="Payload">UTF-8 JSON.</param>
/// <param name="Key">Derived from the content alone.</param>
internal readonly record struct ListedItem(byte[] Payload, string Key);

/// <summary>The distinct items of a list, in its order.</summary>
internal sealed class ItemList
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly HashSet<string> keys = new(StringComparer.Ordinal);
    private readonly List<ListedItem> items = [];

    public IReadOnlyList<ListedItem> Items => items;

    /// <summary>How many lines repeated another.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Reads the whole list; nothing is stored before all of it is known to be good.</summary>
    /// <param name="source">Where it is read from.</param>
    /// <param name="form">How it is written.</param>
    /// <param name="template">The command that each item must do for.</param>
    /// <exception cref="Refusal">An item cannot be used.</exception>
    public static ItemList Read(Stream source, ItemForm form, CommandTemplate template)
    {
        var list = new ItemList();
        long number = 0;
        foreach (var text in Split(source, form is ItemForm.NulSeparated ? (byte)0 : (byte)'\n'))
        {
            number++;
            var line = form is ItemForm.NulSeparated ? text : WithoutReturn(text);
            if (number == 1 && form is not ItemForm.NulSeparated && line.Span.StartsWith(ByteOrderMark))
                line = line[ByteOrderMark.Length..];
            if (line.IsEmpty || (form is ItemForm.JsonLines && line.Span.Trim(" \t"u8).IsEmpty))
                continue;
            if (!Utf8.IsValid(line.Span))
                throw new Refusal($"Item {number} is not valid UTF-8. Nothing was loaded.");
            list.Add(form is ItemForm.JsonLines ? JsonItem(line, number, template) : TextItem(line, number));
        }
        return list;
    }

    private void Add(byte[] payload)
    {
        if (payload.Length > Defaults.MaxPayloadBytes)
            throw new Refusal($"An item has {Numbers.Format(payload.Length)} bytes as JSON; {Numbers.Format(Defaults.MaxPayloadBytes)} is the most. Nothing was loaded.");
        var key = Convert.ToHexStringLower(SHA256.HashData(payload).AsSpan(0, 16));
        if (keys.Add(key))
            items.Add(new ListedItem(payload, key));
        else
            Duplicates++;
    }

    private static byte[] TextItem(ReadOnlyMemory<byte> line, long number)
    {
        if (line.Span.Contains((byte)0))
            throw new Refusal($"Item {number} holds a NUL character, which no program's argument can; is the list NUL-separated (--null)? Nothing was loaded.");
        return Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("item", line.Span);
            json.WriteEndObject();
        });
    }

    /// <summary>The object with its properties in order and without white space, so that its identity does not hang on how it was written.</summary>
    private static byte[] JsonItem(ReadOnlyMemory<byte> line, long number, CommandTemplate template)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = Defaults.MaxPayloadDepth, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind is not JsonValueKind.Object)
                throw new Refusal($"Line {number} is JSON, but no object; with --jsonl each line is one object. Nothing was loaded.");
            var item = Write(json => WriteSorted(json, document.RootElement));
            template.Expand(new Item(Encoding.UTF8.GetString(item)), number);
            return item;
        }
        catch (UnusableItem error)
        {
            throw new Refusal($"Line {number}: {error.Message}. Nothing was loaded.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new Refusal($"Line {number} is not a JSON object: {NewJobRules.WithoutPosition(error.Message)} Nothing was loaded.");
        }
    }

    private static void WriteSorted(Utf8JsonWriter json, JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.Object)
        {
            json.WriteStartObject();
            foreach (var property in element.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
            {
                json.WritePropertyName(property.Name);
                WriteSorted(json, property.Value);
            }
            json.WriteEndObject();
        }
        else if (element.ValueKind is JsonValueKind.Array)
        {
            json.WriteStartArray();
            foreach (var entry in element.EnumerateArray())
                WriteSorted(json, entry);
            json.WriteEndArray();
        }
        else
        {
            element.WriteTo(json);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ReadableJson.Encoder }))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }

    private static ReadOnlyMemory<byte> WithoutReturn(ReadOnlyMemory<byte> line) =>
        line.Span.EndsWith("\r"u8) ? line[..^1] : line;

    /// <summary>The parts between separators. Each is valid only until the next is asked for.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Split(Stream source, byte separator)
    {
        var buffer = new byte[64 * 1024];
        var rest = 0;
        while (true)
        {
            if (rest == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var read = source.Read(buffer, rest, buffer.Length - rest);
            if (read == 0)
                break;
            var end = rest + read;
            var start = 0;
            for (var look = rest; buffer.AsSpan(look, end - look).IndexOf(separator) is >= 0 and var found; look = start)
            {
                yield return buffer.AsMemory(start, look + found - start);
                start = look + found + 1;
            }
            rest = end - start;
            buffer.AsSpan(start, rest).CopyTo(buffer);
        }
        if (rest > 0)
            yield return buffer.AsMemory(0, rest);
    }
}
