namespace Steadwork;

/// <summary>
/// What a job requires of the worker that runs it: a set of tags, all of which that must have. Its text is a part of the name of the
/// job's lane, so that one set must have one text.
/// </summary>
internal static class Requirement
{
    /// <summary>The most tags that a job may require; each set that is in use makes a lane of its own, at which every claim looks.</summary>
    public const int MostTags = 10;

    private const int MaxTagLength = 50;
    private const char Separator = ',';

    /// <summary>The set as text; empty when it is.</summary>
    public static string Text(IReadOnlyCollection<string> tags) =>
        tags.Count == 0 ? "" : string.Join(Separator, tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    /// <summary>The set of a text, in order.</summary>
    public static IReadOnlyList<string> Read(string text) => text.Length == 0 ? [] : text.Split(Separator);

    /// <summary>Whether a worker with some tags can run what requires others.</summary>
    public static bool IsMet(IReadOnlyList<string> required, IReadOnlyCollection<string> tags) => required.All(tags.Contains);

    /// <summary>Why these cannot be required; null when they can.</summary>
    public static string? Refusal(IReadOnlyCollection<string> tags) =>
        tags.Distinct(StringComparer.Ordinal).Count() is > MostTags and var count
            ? $"A job can require {MostTags} tags at the most, not {count}."
            : tags.Select(TagRefusal).FirstOrDefault(refusal => refusal is not null);

    /// <summary>Why a worker cannot have this tag; null when it can.</summary>
    public static string? TagRefusal(string tag) => tag switch
    {
        "" => $"A tag of a worker is empty; it is a word of 1 to {MaxTagLength} letters and digits, or - _ . : / between them.",
        { Length: > MaxTagLength } => $"A tag of a worker has {tag.Length} characters; {MaxTagLength} is the most.",
        _ when !tag.All(character => char.IsLetterOrDigit(character) || "-_.:/".Contains(character, StringComparison.Ordinal)) =>
            $"'{tag}' is no tag of a worker; it is a word of letters and digits, or - _ . : / between them, such as gpu or region:eu.",
        _ => null,
    };
}
