namespace Steadwork;

/// <summary>The shape of a month: all that the days of a cron line depend on. Sets of days have bit 1 for the first of the month.</summary>
/// <param name="Length">How many days it has.</param>
/// <param name="First">The day of the week of its first day, 0 for Sunday.</param>
internal readonly record struct CronMonth(int Length, int First)
{
    public static CronMonth Of(int year, int month) => new(DateTime.DaysInMonth(year, month), (int)new DateTime(year, month, 1).DayOfWeek);

    public ulong Days => (2UL << Length) - 2;

    /// <summary>The days that fall on the given days of the week, bit 0 for Sunday.</summary>
    public ulong On(ulong weekdays)
    {
        const ulong everyWeek = 1UL | 1UL << 7 | 1UL << 14 | 1UL << 21 | 1UL << 28;
        var fromTheFirst = (weekdays >> First | weekdays << (7 - First)) & 0x7f;
        return (fromTheFirst * everyWeek << 1) & Days;
    }

    /// <summary>The working day nearest to a day, within the month.</summary>
    public int WorkingDay(int day) => (DayOfWeek)((First + day - 1) % 7) switch
    {
        DayOfWeek.Saturday => day > 1 ? day - 1 : day + 2,
        DayOfWeek.Sunday => day < Length ? day + 1 : day - 2,
        _ => day,
    };
}
