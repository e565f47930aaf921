using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

public sealed class CronDaysTests
{
    // January 2026 begins on a Thursday, February and March on a Sunday.
    [Theory]
    [InlineData("L * *", "01-31 02-28 03-31 04-30")]
    [InlineData("L-3 * *", "01-28 02-25 03-28 04-27")]
    [InlineData("L-30 * *", "01-01 03-01 05-01")]
    [InlineData("1,L * *", "01-01 01-31 02-01 02-28 03-01")]
    [InlineData("LW * *", "01-30 02-27 03-31 04-30 05-29")]
    [InlineData("15W * *", "01-15 02-16 03-16 04-15 05-15")]
    [InlineData("17W * *", "01-16 02-17 03-17 04-17 05-18")]
    [InlineData("1W * *", "01-01 02-02 03-02 04-01 05-01 06-01 07-01 08-03")]
    [InlineData("31W * *", "01-30 03-31 05-29 07-31")]
    [InlineData("30,31W 1,5 *", "01-30 05-29 05-30")]
    [InlineData("* * MON#2", "01-12 02-09 03-09 04-13")]
    [InlineData("* * SUN#1,7#3", "01-04 01-18 02-01 02-15 03-01")]
    [InlineData("* * THU#5", "01-29 04-30 07-30 10-29 12-31")]
    [InlineData("* * FRIL", "01-30 02-27 03-27 04-24")]
    [InlineData("* * 0L,MON", "01-05 01-12 01-19 01-25 01-26")]
    [InlineData("* * sat-mon", "01-03 01-04 01-05 01-10")]
    public void Days_are_those_that_the_fields_name(string days, string expected) => Dates(days, expected);

    [Theory]
    // Both are restricted: either is enough.
    [InlineData("13 2 FRI", "02-06 02-13 02-20 02-27")]
    [InlineData("1 2 FRIL", "02-01 02-27")]
    // One begins with a star: both must match.
    [InlineData("*/2 2 MON", "02-09 02-23")]
    [InlineData("10-20 2 */3", "02-11 02-14 02-15 02-18")]
    [InlineData("? 2 TUE", "02-03 02-10 02-17 02-24")]
    [InlineData("9 2,3 ?", "02-09 03-09")]
    public void Two_restricted_day_fields_join_and_a_star_makes_them_meet(string days, string expected) => Dates(days, expected);

    [Theory]
    [InlineData("30 4 * * *", "2026-01-01 04:29:59.999", "2026-01-01 04:30")]
    [InlineData("30 4 * * *", "2026-01-01 04:30", "2026-01-02 04:30")]
    [InlineData("59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59")]
    [InlineData("*/20 30 4 * * *", "2026-01-01 04:30:39.5", "2026-01-01 04:30:40")]
    [InlineData("*/20 30 4 * * *", "2026-01-01 04:30:40", "2026-01-02 04:30")]
    [InlineData("5 9-17/4 * * MON-FRI", "2026-01-02 17:05", "2026-01-05 09:05")]
    [InlineData("0 0 29 2 *", "2096-03-01", "2104-02-29 00:00")]
    // The longest that any date stays away: a 29 February on a Monday, over a year 2100 without one.
    [InlineData("* 0 */28 2 MON#5", "2072-03-01", "2112-02-29 00:00")]
    public void The_next_tick_is_the_first_that_is_later(string line, string after, string expected) =>
        Ticks.Of(line, "UTC", after, 1).ShouldBe([expected]);

    private static void Dates(string days, string expected)
    {
        var wanted = expected.Split(' ').Select(day => $"2026-{day} 00:00").ToArray();
        Ticks.Of($"0 0 {days}", "UTC", "2025-12-31 12:00", wanted.Length).ShouldBe(wanted);
    }
}
