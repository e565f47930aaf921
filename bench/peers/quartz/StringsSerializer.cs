using System.Collections.Specialized;
using System.Text.Json;
using Quartz.Spi;

namespace Steadwork.Peers;

/// <summary>
/// Stores the data of jobs as JSON. Quartz.NET wants a serializer for every database, and its own for JSON is in a package that need not
/// be had in the same version; with "useProperties", as it recommends, it is asked for maps of strings only.
/// </summary>
public sealed class StringsSerializer : IObjectSerializer
{
    public void Initialize()
    {
    }

    public byte[] Serialize<T>(T obj) where T : class
    {
        var strings = obj as NameValueCollection ?? throw new NotSupportedException($"{typeof(T)} is no map of strings.");
        return JsonSerializer.SerializeToUtf8Bytes(strings.AllKeys.ToDictionary(key => key!, key => strings[key]));
    }

    public T? DeSerialize<T>(byte[] data) where T : class
    {
        var strings = new NameValueCollection();
        foreach (var (key, value) in JsonSerializer.Deserialize<Dictionary<string, string?>>(data)!)
            strings[key] = value;
        return strings as T ?? throw new NotSupportedException($"{typeof(T)} is no map of strings.");
    }
}
