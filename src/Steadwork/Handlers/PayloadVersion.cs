using System.Text.Json;

namespace Steadwork;

/// <summary>
/// The version of a payload's shape. It travels in the payload, as the member <c>"$version"</c> of the object that it is;
/// a payload without that member is of version 1.
/// </summary>
internal static class PayloadVersion
{
    public const string Member = "$version";

    /// <summary>The payload as it goes into a store.</summary>
    /// <param name="payload">A value as the serialiser wrote it.</param>
    /// <param name="version">The version of its shape.</param>
    /// <param name="type">The job type, for the sentence.</param>
    /// <exception cref="ArgumentException">It cannot bear a version, or what it bears would be taken for one.</exception>
    public static byte[] Mark(byte[] payload, int version, string type)
    {
        if (Stated(payload) is not null)
            throw new ArgumentException($"A payload of the job type '{type}' has a member \"{Member}\" of its own; that name is kept for the version of the type.");
        if (version == 1)
            return payload;
        if (payload is not [(byte)'{', .. var members])
            throw new ArgumentException($"The job type '{type}' is of version {version} and this payload is no JSON object; only objects can bear a version.");
        var isEmpty = members.AsSpan().TrimStart(" \r\n\t"u8) is [(byte)'}', ..];
        return [.. System.Text.Encoding.UTF8.GetBytes($"{{\"{Member}\":{version}{(isEmpty ? "" : ",")}"), .. members];
    }

    /// <summary>The version that a stored payload bears; null when it bears none, and so is of version 1.</summary>
    /// <exception cref="PermanentFailureException">What it bears is no version.</exception>
    public static int? Of(ReadOnlyMemory<byte> payload) => Stated(payload.Span) switch
    {
        < 1 => throw new PermanentFailureException($"The payload's \"{Member}\" is no version; versions are whole numbers from 1."),
        var version => version,
    };

    /// <returns>Null without the member, 0 when its value is no version.</returns>
    private static int? Stated(ReadOnlySpan<byte> payload)
    {
        // Nearly all payloads bear none: they cost one look over their bytes, and no parsing.
        if (payload.IndexOf("\"$version\""u8) < 0)
            return null;
        var reader = new Utf8JsonReader(payload);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartObject)
            return null;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("$version"u8);
            reader.Read();
            if (found)
                return reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var version) ? Math.Max(version, 0) : 0;
            reader.Skip();
        }
        return null;
    }
}
