using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Steadwork.Cli.Outputs;

/// <summary>How single values look in JSON.</summary>
internal static class JsonValues
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 900 };

    /// <summary>ISO 8601 in UTC with milliseconds.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static void WriteTime(this Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, Iso(known));
        else
            json.WriteNull(name);
    }

    public static void WriteNumberOrNull(this Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>Writes stored JSON as a part of the document; nothing becomes null, and what is not valid JSON becomes a string.</summary>
    public static void WriteEmbedded(this Utf8JsonWriter json, string name, ReadOnlyMemory<byte> stored)
    {
        json.WritePropertyName(name);
        if (stored.IsEmpty)
            json.WriteNullValue();
        else if (!json.TryEmbed(stored))
            json.WriteStringValue(Encoding.UTF8.GetString(stored.Span));
    }

    /// <summary>Writes stored JSON as a value.</summary>
    /// <returns>False when it is not valid JSON; then nothing has been written.</returns>
    public static bool TryEmbed(this Utf8JsonWriter json, ReadOnlyMemory<byte> stored)
    {
        try
        {
            using var document = JsonDocument.Parse(stored, Deep);
            if (!IsText(document.RootElement))
                return false;
            document.RootElement.WriteTo(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether all its strings can be read: an escaped half of a surrogate pair passes the parser.</summary>
    private static bool IsText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.Object => element.EnumerateObject().All(property => property.Name is not null && IsText(property.Value)),
                JsonValueKind.Array => element.EnumerateArray().All(IsText),
                JsonValueKind.String => element.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
