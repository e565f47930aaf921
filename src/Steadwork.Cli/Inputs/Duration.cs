using System.Globalization;

namespace Steadwork.Cli.Inputs;

/// <summary>Durations as people write them: <c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>7d</c>, <c>1h30m</c>, <c>0</c>.</summary>
internal static class Duration
{
    public const string Form = "write it like 250ms, 30s, 5m, 2h, 7d or 1h30m";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    private static readonly (string Unit, long Milliseconds)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

    /// <summary>Reads a duration: numbers with units, each unit at most once, the greatest first; or a plain 0.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="duration">What it means, at most 100 years.</param>
    /// <returns>Why it cannot be read; null when it could.</returns>
    public static string? TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
            return null;
        var rest = text.AsSpan();
        decimal total = 0;
        for (var next = 0; rest.Length > 0; next++)
        {
            var number = rest[..Leading(rest, static c => char.IsAsciiDigit(c) || c == '.')];
            rest = rest[number.Length..];
            var unit = rest[..Leading(rest, char.IsAsciiLetter)];
            rest = rest[unit.Length..];
            if (number.Length is 0 or > 15 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
                return Unreadable(text);
            while (next < Units.Length && !unit.SequenceEqual(Units[next].Unit))
                next++;
            if (next >= Units.Length)
                return Unreadable(text);
            total += count * Units[next].Milliseconds;
        }
        if (text.Length == 0)
            return Unreadable(text);
        if (total > (decimal)Longest.TotalMilliseconds)
            return $"'{text}' is too long; 100 years (36500d) is the most.";
        duration = TimeSpan.FromMilliseconds((long)Math.Ceiling(total));
        return null;
    }

    /// <summary>A duration for people, in its two greatest units: <c>2d 3h</c>, <c>1m 5s</c>, <c>3.2s</c>, <c>40ms</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.Zero)
            return "-" + Format(-duration);
        if (duration < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalMilliseconds}ms");
        if (duration < TimeSpan.FromSeconds(10))
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(duration.TotalSeconds * 10) / 10:0.#}s");
        var milliseconds = (long)duration.TotalMilliseconds;
        var first = Array.FindIndex(Units, unit => milliseconds >= unit.Milliseconds);
        var rest = milliseconds % Units[first].Milliseconds / Units[first + 1].Milliseconds;
        var text = string.Create(CultureInfo.InvariantCulture, $"{milliseconds / Units[first].Milliseconds}{Units[first].Unit}");
        return rest == 0 || Units[first + 1].Unit == "ms" ? text : string.Create(CultureInfo.InvariantCulture, $"{text} {rest}{Units[first + 1].Unit}");
    }

    private static string Unreadable(string text) => $"'{text}' is not a duration; {Form}.";

    private static int Leading(ReadOnlySpan<char> text, Func<char, bool> wanted)
    {
        var length = 0;
        while (length < text.Length && wanted(text[length]))
            length++;
        return length;
    }
}
