using System.Globalization;

namespace Steadwork;

/// <summary>One field of a cron line: the numbers and names that it takes, and what it is called when it refuses some.</summary>
/// <param name="Unit">What one value is.</param>
/// <param name="Units">What several are.</param>
/// <param name="Min">The least value.</param>
/// <param name="Max">The greatest that may be written.</param>
/// <param name="Span">From where to where values go, in words.</param>
/// <param name="Names">The names of the values from the least on.</param>
internal sealed record CronField(string Unit, string Units, int Min, int Max, string Span, params string[] Names)
{
    private const int Week = 7;

    public static CronField Second { get; } = new("second", "seconds", 0, 59, "from 0 to 59");

    public static CronField Minute { get; } = new("minute", "minutes", 0, 59, "from 0 to 59");

    public static CronField Hour { get; } = new("hour", "hours", 0, 23, "from 0 to 23");

    public static CronField MonthDay { get; } = new("day of the month", "days of the month", 1, 31, "from 1 to 31, or L for the last");

    public static CronField Month { get; } = new("month", "months", 1, 12, "from 1 to 12, or from JAN to DEC",
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");

    /// <summary>Its ranges go round: Sunday is 0 and 7.</summary>
    public static CronField WeekDay { get; } = new("day of the week", "days of the week", 0, Week, "from 0 (Sunday) to 7 (Sunday again), or from SUN to SAT",
        "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

    private bool Wraps => Max == Week;

    private int Last => Wraps ? Week - 1 : Max;

    /// <summary>The places of a list.</summary>
    public string[] Places(string text)
    {
        var places = text.Split(',');
        return places.Contains("") ? throw new FormatException($"'{text}' has an empty place in its list; put one comma between two {Units} and none at the ends.") : places;
    }

    /// <summary>The values of a whole list, each a bit.</summary>
    public ulong List(string text) => Places(text).Aggregate(0UL, (bits, place) => bits | Place(place));

    /// <summary>The values of one place of a list: a value, a range or all of them, with a step if need be.</summary>
    public ulong Place(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var step = slash < 0 ? 1 : Step(text, text[(slash + 1)..]);
        var (from, to) = Range(slash < 0 ? text : text[..slash], open: slash >= 0);
        var bits = 0UL;
        for (var value = from; value <= to; value += step)
            bits |= 1UL << (Wraps ? value % Week : value);
        return bits;
    }

    /// <summary>A number or name.</summary>
    public int Value(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= Min && number <= Max)
            return number;
        var name = Array.FindIndex(Names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (name >= 0)
            return name + Min;
        throw new FormatException(text switch
        {
            "?" => $"'?' stands alone in a day field; write * for any {Unit}.",
            "" => $"A {Unit} is missing; {Units} go {Span}.",
            _ => $"'{text}' is no {Unit}; {Units} go {Span}.",
        });
    }

    private (int From, int To) Range(string text, bool open)
    {
        if (text == "*")
            return (Min, Last);
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var from = Value(dash < 0 ? text : text[..dash]);
        var to = dash >= 0 ? Value(text[(dash + 1)..]) : open ? Last : from;
        if (to >= from)
            return (from, to);
        return Wraps ? (from, to + Week) : throw new FormatException(
            $"'{text}' runs backwards; put the lower {Unit} first, or write two ranges: {from}-{Max},{Min}-{to}.");
    }

    private int Step(string text, string step) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= Max
            ? number
            : throw new FormatException($"'{step}' in '{text}' is no step; steps of {Units} go from 1 to {Max}.");
}
