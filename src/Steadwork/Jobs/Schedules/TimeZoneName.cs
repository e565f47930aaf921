using System.Buffers;

namespace Steadwork;

/// <summary>The names of time zones: <c>UTC</c>, and those of the IANA database that have a <c>/</c>, such as <c>Europe/Berlin</c>.</summary>
/// <remarks>
/// Windows names are refused, for they are not known everywhere; so are names like <c>EST</c> and <c>CET</c>, which say a zone to
/// people and mean another to the database.
/// </remarks>
public static class TimeZoneName
{
    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-");

    /// <summary>The zone of a name.</summary>
    /// <exception cref="FormatException">There is none; the message says what would be right.</exception>
    public static TimeZoneInfo Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name == "UTC")
            return TimeZoneInfo.Utc;
        if (!name.Contains('/', StringComparison.Ordinal) || name.AsSpan().ContainsAnyExcept(Characters) || HasOtherSeconds(name))
            throw new FormatException($"'{name}' is no name of a time zone; it is UTC, or a name of the IANA database with a place in it, such as Europe/Berlin.");
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new FormatException($"This machine knows no time zone '{name}'; it is UTC, or a name of the IANA database such as Europe/Berlin, for which the machine must have that database (often the package tzdata).");
    }

    /// <summary>Folders of the database beside its names: the zones in <c>right</c> count leap seconds, which would be half a minute off.</summary>
    private static bool HasOtherSeconds(string name) => name.StartsWith("right/", StringComparison.Ordinal) || name.StartsWith("posix/", StringComparison.Ordinal);
}
