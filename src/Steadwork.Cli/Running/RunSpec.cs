using System.Text.Json.Serialization;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>What a worker process of a run must know. It comes on the first line of its standard input.</summary>
internal sealed record RunSpec
{
    public required string Store { get; init; }

    public required string Queue { get; init; }

    public required IReadOnlyList<string> Command { get; init; }

    public required bool JsonItems { get; init; }

    public required bool ItemOnInput { get; init; }

    public required TimeSpan? Timeout { get; init; }

    public required TimeSpan RetryDelay { get; init; }

    /// <summary>Where outputs are captured, and where the orchestrator finds those that are too long for a result.</summary>
    public required string Folder { get; init; }

    /// <summary>Where whole outputs are kept for people; null when they are not.</summary>
    public required string? Results { get; init; }

    /// <summary>Whether the orchestrator prints outputs, and so needs the whole of each.</summary>
    public required bool Prints { get; init; }

    /// <summary>How many failed items end the run early; null goes on whatever fails.</summary>
    public required int? HaltAfter { get; init; }

    /// <summary>The least time between two starts, over all workers of the run.</summary>
    public required TimeSpan Delay { get; init; }
}

/// <summary>What a run is, for good: the same name always means the same work.</summary>
/// <param name="Command">The program and its arguments, with placeholders.</param>
/// <param name="JsonItems">Whether items are JSON objects.</param>
/// <param name="ItemOnInput">Whether the item is handed over on standard input.</param>
internal sealed record RunDefinition(IReadOnlyList<string> Command, bool JsonItems, bool ItemOnInput)
{
    public CommandTemplate Template() => CommandTemplate.Parse(Command, JsonItems, append: !ItemOnInput);
}

[JsonSerializable(typeof(RunSpec))]
[JsonSerializable(typeof(RunDefinition))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class RunJson : JsonSerializerContext;
