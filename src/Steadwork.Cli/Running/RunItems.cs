using System.Globalization;
using System.Text;
using System.Text.Json;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Running;

/// <summary>Items of a run as jobs.</summary>
internal static class RunItems
{
    /// <summary>The type of the jobs.</summary>
    public const string Type = "run";

    private const string SequenceTag = "seq:";

    public static JobCatalog Catalog(TimeSpan retryDelay, JobInvocation invoke)
    {
        var retry = new RetrySchedule { Base = retryDelay, Cap = retryDelay > RetrySchedule.Default.Cap ? retryDelay : RetrySchedule.Default.Cap };
        var catalog = new JobCatalog();
        catalog.Add(new JobType(Type, null, new JobTypeOptions { Retry = retry }, invoke));
        return catalog;
    }

    /// <param name="item">The item.</param>
    /// <param name="run">The run.</param>
    /// <param name="attempts">How many attempts may fail.</param>
    /// <param name="sequence">Its place in the list, where the command asks for it.</param>
    public static NewJob Job(ListedItem item, string run, int attempts, long? sequence) => new()
    {
        Type = Type,
        Queue = RunQueue.Of(run),
        Payload = item.Payload,
        MaxAttempts = attempts,
        // Taken for as long as the job is kept: an item that is done must not be done again by the next start.
        UniqueKey = $"{RunQueue.Of(run)}:{item.Key}",
        UniqueScope = UniqueScope.WhileKept,
        WhenTaken = WhenTaken.Amend,
        Tags = sequence is { } place ? [SequenceTag + place.ToString(CultureInfo.InvariantCulture)] : [],
    };

    /// <summary>The item as the command's placeholders see it.</summary>
    public static string Text(ReadOnlyMemory<byte> payload, bool json)
    {
        if (json)
            return Encoding.UTF8.GetString(payload.Span);
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.GetProperty("item").GetString()!;
    }

    public static long Sequence(IReadOnlyList<string> tags) =>
        tags.FirstOrDefault(tag => tag.StartsWith(SequenceTag, StringComparison.Ordinal)) is { } tag
            ? long.Parse(tag.AsSpan(SequenceTag.Length), CultureInfo.InvariantCulture)
            : 0;
}
