namespace Steadwork;

/// <summary>The day-of-week field of a cron line. Each set has bit 0 for Sunday.</summary>
/// <param name="Days">Days that count every week.</param>
/// <param name="Nth">Days that count the n-th time in a month: seven bits for the first time, seven for the second, and so on.</param>
/// <param name="Last">Days that count the last time in a month.</param>
internal readonly record struct CronWeekDays(ulong Days, ulong Nth, ulong Last)
{
    private const ulong Week = 0x7f;

    public static CronWeekDays Parse(string text) => CronField.WeekDay.Places(text).Aggregate(default(CronWeekDays), (days, place) => days.With(place));

    /// <summary>The days of a month that the field names.</summary>
    public ulong In(CronMonth month)
    {
        var days = month.On(Days) | month.On(Last) & Week << (month.Length - 6);
        for (var (nth, week) = (Nth, Week << 1); nth != 0; (nth, week) = (nth >> 7, week << 7))
            days |= month.On(nth & Week) & week;
        return days;
    }

    private CronWeekDays With(string place)
    {
        if (place.Split('#') is [var day, var nth])
            return this with { Nth = Nth | 1UL << (Value(day) + 7 * (Times(place, nth) - 1)) };
        if (place is "L" or "l")
            throw new FormatException($"'{place}' lacks the day of the week whose last it is; the last Friday of a month is FRIL or 5L.");
        return place is [.. var last, 'L' or 'l']
            ? this with { Last = Last | 1UL << Value(last) }
            : this with { Days = Days | CronField.WeekDay.Place(place) };
    }

    private static int Value(string day) => CronField.WeekDay.Value(day) % 7;

    private static int Times(string place, string nth) =>
        nth is [>= '1' and <= '5' and var digit] ? digit - '0' : throw new FormatException($"'{place}' does not say which one of the month; that goes from #1 to #5, as in MON#2.");
}
