using System.Text.Json;

namespace Steadwork.Cli.Programs;

/// <summary>
/// One item of a list, and what placeholders can ask of it. Names are cut as GNU parallel does, save where that would
/// leave an empty argument: a leading dot begins no extension, and a trailing slash no name.
/// </summary>
internal sealed class Item(string text)
{
    private const int ShownInErrors = 200;

    private JsonElement? _json;

    public string Text => text;

    /// <summary>Without the last extension.</summary>
    public string Stem => StemOf(text);

    /// <summary>The part after the last slash.</summary>
    public string Name => Trimmed is "/" ? "/" : Trimmed[(Trimmed.LastIndexOf('/') + 1)..];

    public string NameStem => StemOf(Name);

    /// <summary>The part before the last slash; "." when there is none.</summary>
    public string Directory => Trimmed.LastIndexOf('/') switch
    {
        < 0 => ".",
        var slash when Trimmed[..slash].TrimEnd('/') is { Length: > 0 } directory => directory,
        _ => "/",
    };

    private string Trimmed => text.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : text.Length > 0 ? "/" : "";

    /// <summary>A property of a JSON item, or by "a.b" one within it: a string's text, anything else as JSON.</summary>
    /// <exception cref="UnusableItem">There is no such field.</exception>
    public string Field(string path)
    {
        try
        {
            JsonElement root = _json ??= Parse();
            JsonElement field = Find(root, path) ?? throw new UnusableItem($"The item has no field '{path}': {Shown}");
            return field.ValueKind == JsonValueKind.String ? field.GetString()! : field.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw new UnusableItem($"The item's field '{path}' is not valid Unicode: {Shown}");
        }
        catch (JsonException error)
        {
            throw new UnusableItem($"The item is not JSON ({error.Message.TrimEnd('.')}): {Shown}");
        }
    }

    private string Shown => text.Length <= ShownInErrors ? text : text[..ShownInErrors] + "…";

    private static string StemOf(string name)
    {
        int start = name.LastIndexOf('/') + 1;
        int dot = name.LastIndexOf('.');
        return dot > start && name.AsSpan(start..dot).ContainsAnyExcept('.') ? name[..dot] : name;
    }

    private static JsonElement? Find(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (element.TryGetProperty(path, out JsonElement whole))
        {
            return whole;
        }

        int dot = path.IndexOf('.');
        return dot > 0 && element.TryGetProperty(path.AsSpan(0, dot), out JsonElement inner) ? Find(inner, path[(dot + 1)..]) : null;
    }

    private JsonElement Parse()
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
