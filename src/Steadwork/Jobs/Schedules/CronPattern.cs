using System.Numerics;

namespace Steadwork;

/// <summary>The local times that a cron line names, each field a set of bits.</summary>
internal sealed record CronPattern(ulong Seconds, ulong Minutes, ulong Hours, CronMonthDays MonthDays, ulong Months, CronWeekDays WeekDays, bool EitherDay)
{
    /// <summary>Years that have every shape of a year among them, leap or not and from whichever day of the week: what never comes in them never comes.</summary>
    private const int FirstYear = 2001, Years = 28;

    /// <param name="fields">The six, seconds first.</param>
    public static CronPattern Parse(ReadOnlySpan<string> fields)
    {
        var (monthDay, weekDay) = (AnyDay(fields[3]), AnyDay(fields[5]));
        return new(
            CronField.Second.List(fields[0]), CronField.Minute.List(fields[1]), CronField.Hour.List(fields[2]),
            CronMonthDays.Parse(monthDay), CronField.Month.List(fields[4]), CronWeekDays.Parse(weekDay),
            EitherDay: monthDay[0] != '*' && weekDay[0] != '*');
    }

    /// <summary>Whether there is any such date.</summary>
    public bool Comes => First(new(FirstYear, 1, 1), new(FirstYear + Years, 1, 1)) is not null;

    /// <summary>The first of the times from one on. Goes by months, then by days, hours and so on: never from minute to minute.</summary>
    /// <param name="from">A whole second.</param>
    /// <param name="until">Where the search ends.</param>
    public DateTime? First(DateTime from, DateTime until)
    {
        var start = from;
        for (var month = new DateTime(from.Year, from.Month, 1); month < until; month = start = month.AddMonths(1))
        {
            if (!Has(Months, month.Month))
                continue;
            var days = DaysOf(month);
            if (Has(days, start.Day) && FirstTime(start.TimeOfDay) is { } later)
                return Before(until, start.Date + later);
            if (Next(days, start.Day + 1) is { } day)
                return Before(until, month.AddDays(day - 1) + FirstTime(TimeSpan.Zero)!.Value);
        }
        return null;
    }

    private static DateTime? Before(DateTime until, DateTime time) => time < until ? time : null;

    private ulong DaysOf(DateTime month)
    {
        var shape = CronMonth.Of(month.Year, month.Month);
        var (byMonth, byWeek) = (MonthDays.In(shape), WeekDays.In(shape));
        return EitherDay ? byMonth | byWeek : byMonth & byWeek;
    }

    private TimeSpan? FirstTime(TimeSpan from)
    {
        if (Has(Hours, from.Hours))
        {
            if (Has(Minutes, from.Minutes) && Next(Seconds, from.Seconds) is { } second)
                return new(from.Hours, from.Minutes, second);
            if (Next(Minutes, from.Minutes + 1) is { } minute)
                return new(from.Hours, minute, Least(Seconds));
        }
        return Next(Hours, from.Hours + 1) is { } hour ? new(hour, Least(Minutes), Least(Seconds)) : null;
    }

    private static string AnyDay(string field) => field == "?" ? "*" : field;

    private static bool Has(ulong bits, int value) => (bits >> value & 1) != 0;

    private static int Least(ulong bits) => BitOperations.TrailingZeroCount(bits);

    private static int? Next(ulong bits, int from) => bits >> from is not 0 and var rest ? from + Least(rest) : null;
}
