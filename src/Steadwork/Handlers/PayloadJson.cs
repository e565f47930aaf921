using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Steadwork;

/// <summary>Turns payloads and results into JSON and back, by source-generated contexts, or by reflection where the program allows it.</summary>
public sealed class PayloadJson
{
    /// <param name="options">How to serialise; null means camel case, with reflection if the program allows it.</param>
    public PayloadJson(JsonSerializerOptions? options = null)
    {
        Options = options ?? new JsonSerializerOptions(JsonSerializerDefaults.Web) { MaxDepth = Defaults.MaxPayloadDepth };
        if (Options.TypeInfoResolver is null && !JsonSerializer.IsReflectionEnabledByDefault)
            throw new InvalidOperationException("Reflection-based JSON is switched off in this program; name a source-generated context with UseJson(context).");
        if (Options.TypeInfoResolver is null)
            UseReflection(Options);
        Options.MakeReadOnly();
    }

    /// <summary>The options in force.</summary>
    public JsonSerializerOptions Options { get; }

    /// <summary>The value as UTF-8 JSON.</summary>
    public byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Info<T>());

    /// <summary>The value of a JSON text.</summary>
    /// <exception cref="PermanentFailureException">The text does not fit the type: no further attempt could read it.</exception>
    public T Read<T>(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json.Span, Info<T>()) ?? throw new PermanentFailureException($"The payload is null, which is no {typeof(T).Name}.");
        }
        catch (JsonException error)
        {
            throw new PermanentFailureException($"The payload cannot be read as {typeof(T).Name}: {error.Message}", error);
        }
    }

    /// <summary>What a job that has succeeded left behind.</summary>
    /// <exception cref="InvalidOperationException">It left nothing.</exception>
    /// <exception cref="JsonException">It does not fit the type.</exception>
    internal T ReadResult<T>(Job job)
    {
        if (job.Result.IsEmpty)
            throw new InvalidOperationException($"Job {job.Id} succeeded and left no result; handlers of the form IJobHandler<TJob, TResult> leave one.");
        try
        {
            return JsonSerializer.Deserialize(job.Result.Span, Info<T>())!;
        }
        catch (JsonException error)
        {
            throw new JsonException($"The result of job {job.Id} cannot be read as {typeof(T).Name}: {error.Message}", error);
        }
    }

    /// <summary>Whether values of a type may become JSON objects; those with a converter of their own may.</summary>
    internal bool WritesObjects(Type type) =>
        Type.GetTypeCode(type) is TypeCode.Object && Options.GetTypeInfo(type).Kind is not JsonTypeInfoKind.Enumerable;

    private JsonTypeInfo<T> Info<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Reached only where the program has reflection-based JSON switched on.")]
    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Reached only where the program has reflection-based JSON switched on.")]
    private static void UseReflection(JsonSerializerOptions options) => options.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
}
