using System.Globalization;
using System.Numerics;

namespace Steadwork;

/// <summary>The day-of-month field of a cron line.</summary>
/// <param name="Days">Days by number.</param>
/// <param name="BeforeLast">Days before the last one, bit 0 for the last itself.</param>
/// <param name="WorkingDays">Days in whose stead the nearest working day counts.</param>
/// <param name="LastWorkingDay">Whether the last working day counts.</param>
internal readonly record struct CronMonthDays(ulong Days, ulong BeforeLast, ulong WorkingDays, bool LastWorkingDay)
{
    private const int Most = 30;

    public static CronMonthDays Parse(string text) => CronField.MonthDay.Places(text).Aggregate(default(CronMonthDays), (days, place) => days.With(place));

    /// <summary>The days of a month that the field names. One that the month does not have is none, also as 31W or L-30.</summary>
    public ulong In(CronMonth month)
    {
        var days = Days;
        for (var left = BeforeLast; left != 0; left &= left - 1)
            days |= 1UL << Math.Max(0, month.Length - BitOperations.TrailingZeroCount(left));
        for (var left = WorkingDays & month.Days; left != 0; left &= left - 1)
            days |= 1UL << month.WorkingDay(BitOperations.TrailingZeroCount(left));
        if (LastWorkingDay)
            days |= 1UL << month.WorkingDay(month.Length);
        return days & month.Days;
    }

    private CronMonthDays With(string place) => place.ToUpperInvariant() switch
    {
        "L" => this with { BeforeLast = BeforeLast | 1 },
        "LW" => this with { LastWorkingDay = true },
        ['L', '-', .. var before] => this with { BeforeLast = BeforeLast | 1UL << DaysBefore(place, before) },
        [.. var day, 'W'] => this with { WorkingDays = WorkingDays | 1UL << CronField.MonthDay.Value(day) },
        _ => this with { Days = Days | CronField.MonthDay.Place(place) },
    };

    private static int DaysBefore(string place, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= Most
            ? days
            : throw new FormatException($"'{place}' is no day before the last of the month; they go from L-1 to L-{Most}.");
}
