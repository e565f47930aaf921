using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>Points in time as people write them: ISO 8601 with a time zone.</summary>
internal static class PointInTime
{
    private static readonly string[] Forms =
    [
        "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Reads a time. One without a zone is refused: it would mean something else on another machine.</summary>
    /// <returns>Why it cannot be read; null when it could.</returns>
    public static string? TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        if (!DateTime.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var read))
            return $"'{text}' is not a time; write it like 2030-01-31T09:00:00Z or 2030-01-31T09:00+02:00.";
        if (read.Kind is DateTimeKind.Unspecified)
            return $"'{text}' names no time zone; end it with Z for UTC, or with an offset such as +02:00.";
        time = new DateTimeOffset(read.ToUniversalTime());
        return null;
    }
}
