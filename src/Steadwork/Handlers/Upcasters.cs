using System.Text.Json;
using System.Text.Json.Nodes;

namespace Steadwork;

/// <summary>The steps that bring payloads of one job type from each version to the next.</summary>
internal sealed class Upcasters
{
    private readonly SortedDictionary<int, Func<JsonObject, JsonObject>> steps = [];

    public void Add(int from, Func<JsonObject, JsonObject> step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1, nameof(from));
        if (!steps.TryAdd(from, step))
            throw new ArgumentException($"There are two upcasters from version {from}; each version has one way to the next.");
    }

    /// <summary>Why a type of the given version cannot be registered with these steps; null when it can.</summary>
    public string? Refusal(string type, int version, bool isRun)
    {
        if (steps.Keys.LastOrDefault() is var last && last >= version)
            return $"The job type '{type}' is of version {version} and has an upcaster from version {last}; set Version to {last + 1}, or leave the upcaster out.";
        // Whoever only enqueues reads no old jobs.
        return isRun && Enumerable.Range(1, version - 1).FirstOrDefault(from => !steps.ContainsKey(from)) is > 0 and var missing
            ? $"The job type '{type}' is of version {version} and has no upcaster from version {missing} to {missing + 1}; stored jobs of version {missing} could not be read. Add Upcast({missing}, …)."
            : null;
    }

    /// <summary>Brings a payload from one version to another, and takes the mark of its version off.</summary>
    /// <exception cref="PermanentFailureException">It cannot be brought there: no further attempt could.</exception>
    public ReadOnlyMemory<byte> Bring(ReadOnlyMemory<byte> payload, int from, int to)
    {
        var json = Parse(payload);
        json.Remove(PayloadVersion.Member);
        for (var version = from; version < to; version++)
        {
            try
            {
                json = steps[version](json) ?? throw new InvalidOperationException("The upcaster returned null.");
            }
            catch (Exception error)
            {
                throw new PermanentFailureException($"The payload cannot be brought from version {version} to {version + 1}: {error.Message}", error);
            }
        }
        return Bytes(json);
    }

    private static JsonObject Parse(ReadOnlyMemory<byte> payload)
    {
        try
        {
            // A name that stands twice would otherwise show only when a step asks for it.
            return JsonNode.Parse(payload.Span, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new PermanentFailureException("The payload is no JSON object; only objects have versions.");
        }
        catch (JsonException error)
        {
            throw new PermanentFailureException($"The payload cannot be read: {error.Message}", error);
        }
    }

    private static ReadOnlyMemory<byte> Bytes(JsonObject json)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
            json.WriteTo(writer);
        return bytes.WrittenMemory;
    }
}
