using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Steadwork;

/// <summary>What a job must keep to be let into a store. Every front door asks here, so that all refuse the same with the same words.</summary>
public static class NewJobRules
{
    private const int MaxNameLength = 200;
    private const int MaxTags = 50;
    private const int MaxParents = 1000;
    private const int MaxExclusiveLimit = 1000;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(30);

    /// <summary>The longest time from now that a job can be put off for.</summary>
    internal static readonly TimeSpan LongestDelay = TimeSpan.FromDays(36_500);

    /// <summary>Why the job is refused, in one sentence that says what would be right; null when it is welcome.</summary>
    /// <param name="job">The job.</param>
    /// <param name="maxPayloadBytes">The largest payload in bytes.</param>
    public static string? Refusal(NewJob job, int maxPayloadBytes = Defaults.MaxPayloadBytes) =>
        NameRefusal("job type", job.Type)
        ?? NameRefusal("queue", job.Queue)
        ?? (job.UniqueKey is { } key ? NameRefusal("unique key", key) : null)
        ?? UniquenessRefusal(job)
        ?? ExclusivityRefusal(job)
        ?? (job.After.Count > MaxParents ? $"A job can come after {MaxParents:N0} others at the most, not after {job.After.Count:N0}." : null)
        ?? TagRefusal(job.Tags)
        ?? Requirement.Refusal(job.Requires)
        ?? (job.Priority is < 1 or > 1000 ? $"Priority {job.Priority} is out of range; it goes from 1 (first) to 1000." : null)
        ?? (job.MaxAttempts is < 1 or > 1000 ? $"{job.MaxAttempts} attempts is out of range; it goes from 1 to 1000." : null)
        ?? (job.Timeout <= TimeSpan.Zero ? "A timeout must be longer than zero." : null)
        ?? (job.Timeout > LongestTimeout ? $"A timeout of {job.Timeout} is out of range; {LongestTimeout.TotalDays:0} days is the most." : null)
        ?? (job.Delay < TimeSpan.Zero || job.Delay > LongestDelay ? $"A delay of {job.Delay} is out of range; it goes from zero to {LongestDelay.TotalDays:0} days." : null)
        ?? ExpiryRefusal(job)
        ?? PayloadRefusal(job.Payload, maxPayloadBytes);

    /// <summary>Why a name (job type, queue, key, tag) is refused; null when it is welcome.</summary>
    /// <param name="what">What is named, for the sentence.</param>
    /// <param name="name">The name.</param>
    public static string? NameRefusal(string what, string name) => name switch
    {
        "" => $"The {what} is empty; it needs 1 to {MaxNameLength} characters.",
        { Length: > MaxNameLength } => $"The {what} has {name.Length} characters; {MaxNameLength} is the most.",
        _ when IsPlain(name) => null,
        _ when Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)) != name => $"The {what} holds half a surrogate pair, which is no character.",
        _ when name.Any(char.IsControl) => $"The {what} holds a control character; names are plain text.",
        _ when char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]) => $"The {what} begins or ends with white space.",
        _ => null,
    };

    /// <summary>Whether it is ASCII without spaces, as most: to look for anything worse would find nothing, and copy it.</summary>
    private static bool IsPlain(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.AsSpan().ContainsAnyExceptInRange('!', '~');
    }

    private static string? ExpiryRefusal(NewJob job) => job switch
    {
        { ExpiresIn: { } time } when time < TimeSpan.FromMilliseconds(1) || time > LongestDelay => $"An expiry after {time} is out of range; it goes from a millisecond to {LongestDelay.TotalDays:0} days.",
        { ExpiresAt: { } end, RunAt: { } start } when end <= start => "The job would expire before it may run; let it expire later.",
        { ExpiresAt: null, RunAt: not null, ExpiresIn: not null } => "The job may run from a point in time on; say until which one it is worth beginning, not for how long.",
        { ExpiresAt: null, ExpiresIn: { } time } when time <= job.Delay => "The job would expire before it may run; let it expire later.",
        _ => null,
    };

    private static string? UniquenessRefusal(NewJob job) => job switch
    {
        { UniqueKey: null, UniqueFor: not null } => "How long a unique key stays taken is said of a job that has none; give it a unique key, too.",
        { UniqueKey: null, WhenTaken: not WhenTaken.Keep } => "What is to be done when a unique key is taken is said of a job that has none; give it a unique key, too.",
        { UniqueFor: { } time } when time < TimeSpan.FromMilliseconds(1) || time > LongestDelay => $"A unique key for {time} is out of range; it goes from a millisecond to {LongestDelay.TotalDays:0} days.",
        { UniqueFor: not null, UniqueScope: not UniqueScope.WhileUnfinished } => "A unique key is taken for a time, or as long as its job is kept; say one of the two.",
        _ => null,
    };

    private static string? ExclusivityRefusal(NewJob job) => job switch
    {
        { ExclusiveLimit: < 1 or > MaxExclusiveLimit } => $"An exclusive limit of {job.ExclusiveLimit} is out of range; it goes from 1 to {MaxExclusiveLimit}.",
        { ExclusiveKey: { } key } => NameRefusal("exclusive key", key),
        { ExclusiveLimit: not Defaults.ExclusiveLimit } => "An exclusive limit says how many jobs with the same exclusive key may run at once; give the job an exclusive key, too.",
        _ => null,
    };

    private static string? TagRefusal(IReadOnlyList<string> tags) =>
        tags.Count > MaxTags
            ? $"{tags.Count} tags are too many; {MaxTags} is the most."
            : tags.Select(tag => NameRefusal("tag", tag)).FirstOrDefault(refusal => refusal is not null);

    private static string? PayloadRefusal(ReadOnlyMemory<byte> payload, int maxBytes)
    {
        if (payload.Length > maxBytes)
            return $"The payload has {payload.Length:N0} bytes; {maxBytes:N0} is the most.";
        if (!Utf8.IsValid(payload.Span))
            return "The payload is not valid UTF-8.";
        try
        {
            var reader = new Utf8JsonReader(payload.Span, new JsonReaderOptions { MaxDepth = Defaults.MaxPayloadDepth });
            while (reader.Read())
            {
                // A string with an unpaired surrogate passes the tokenizer, but no reader could ever turn it into text.
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    _ = reader.GetString();
            }
            return null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return $"The payload is not valid JSON: {WithoutPosition(error.Message)}";
        }
    }

    /// <summary>The parser ends its sentences with names of its own fields.</summary>
    internal static string WithoutPosition(string message) =>
        message.IndexOf(" LineNumber:", StringComparison.Ordinal) is >= 0 and var end ? message[..end] : message;
}
