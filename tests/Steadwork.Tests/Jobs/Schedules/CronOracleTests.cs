using FsCheck;
using FsCheck.Fluent;
using NCrontab;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

/// <summary>
/// Against another reader of cron lines, for all that both know, in UTC. It lets the two day fields meet, always, and forgets at
/// times to begin a minute with its first second: so it is asked for each day field where they join, and for each second.
/// </summary>
public sealed class CronOracleTests
{
    private const int Count = 12;
    private static readonly DateTime End = new(2110, 1, 1);

    private static readonly Gen<string[]> Fields =
        from second in List(Gen.Choose(0, 59).Select(number => $"{number}"))
        from minute in Field(0, 59)
        from hour in Field(0, 23)
        from day in Gen.OneOf(Gen.Constant("*"), Field(1, 31))
        from month in Gen.OneOf(Gen.Constant("*"), Field(1, 12))
        from weekday in Gen.OneOf(Gen.Constant("*"), Field(0, 6), Gen.Elements("MON-FRI", "sun", "Tue,THU-SAT"))
        select new[] { second, minute, hour, day, month, weekday };

    private static readonly Gen<DateTime> Start = Gen.Choose(0, int.MaxValue).Select(seconds => DateTime.UnixEpoch.AddSeconds(seconds));

    [Fact]
    public void Lines_tick_as_another_reader_says() =>
        Prop.ForAll(Fields.ToArbitrary(), Start.ToArbitrary(), (fields, start) =>
        {
            var expected = Expected(fields, start).ToList();
            if (!CronLine.TryParse(string.Join(' ', fields), out var line, out _))
                return expected.Count == 0;
            var timing = new ScheduleTiming.Cron(line, TimeZoneInfo.Utc);
            return Ticks.Of(timing, new(start, TimeSpan.Zero), Count).Select(tick => tick.UtcDateTime).SequenceEqual(expected);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1500));

    private static IEnumerable<DateTime> Expected(string[] fields, DateTime start)
    {
        var meet = fields[3][0] == '*' || fields[5][0] == '*';
        string[][] days = meet ? [fields[3..]] : [[fields[3], fields[4], "*"], ["*", fields[4], fields[5]]];
        var lines = from second in fields[0].Split(',') from day in days select string.Join(' ', [second, .. fields[1..3], .. day]);
        return lines
            .SelectMany(line => CrontabSchedule.Parse(line, new() { IncludingSeconds = true }).GetNextOccurrences(start, End).Take(Count))
            .Distinct().Order().Take(Count);
    }

    private static Gen<string> Field(int min, int max)
    {
        var value = Gen.Choose(min, max);
        var step = Gen.Choose(2, max);
        var range = from one in value from other in value select $"{Math.Min(one, other)}-{Math.Max(one, other)}";
        var open = Gen.OneOf(value.Select(number => $"{number}"), range);
        var stepped = from places in open from every in step select $"{places}/{every}";
        return Gen.Frequency((2, Gen.Constant("*")), (2, step.Select(every => $"*/{every}")), (6, List(Gen.OneOf(open, stepped))));
    }

    private static Gen<string> List(Gen<string> place) =>
        from length in Gen.Choose(1, 3) from places in place.ArrayOf(length) select string.Join(',', places);
}
