using System.Globalization;

namespace Steadwork.Tests.Jobs.Schedules;

/// <summary>Ticks of cron lines as people read them.</summary>
internal static class Ticks
{
    public static DateTimeOffset Utc(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>The first ticks in UTC, such as <c>2026-03-29 01:00</c>; fewer than wanted if the line ends.</summary>
    public static string[] Of(string line, string zone, string after, int count) =>
        [.. Of(new ScheduleTiming.Cron(CronLine.Parse(line), TimeZoneName.Find(zone)), Utc(after), count).Select(Text)];

    public static IEnumerable<DateTimeOffset> Of(ScheduleTiming.Cron timing, DateTimeOffset after, int count)
    {
        for (DateTimeOffset? tick = timing.Next(after); tick is { } at && count > 0; tick = timing.Next(at), count--)
            yield return at;
    }

    private static string Text(DateTimeOffset tick) =>
        tick.ToString(tick.Second == 0 ? "yyyy-MM-dd HH:mm" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
