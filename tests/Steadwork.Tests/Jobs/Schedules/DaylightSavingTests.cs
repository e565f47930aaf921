using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

/// <summary>Clocks that were changed, or are going to be by the rules of today. Ticks are in UTC.</summary>
public sealed class DaylightSavingTests
{
    // Berlin: at 01:00 UTC, 02:00 becomes 03:00 on 29 March 2026, and 03:00 becomes 02:00 on 25 October.
    [Theory]
    [InlineData("30 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:30")]
    [InlineData("15 30 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:30:15")]
    [InlineData("0 2 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:00")]
    [InlineData("59 1 * * *", "2026-03-28 12:00", "2026-03-29 00:59|2026-03-29 23:59")]
    [InlineData("30 2 29 3 *", "2026-01-01", "2026-03-29 01:00|2027-03-29 00:30")]
    public void A_fixed_time_that_is_skipped_ticks_right_after_the_gap(string line, string after, string expected) =>
        Expect(line, "Europe/Berlin", after, expected);

    [Theory]
    [InlineData("0,20,40 2 * * *", "2026-03-29 01:00|2026-03-30 00:00")]
    [InlineData("0 2,3 * * *", "2026-03-29 01:00|2026-03-30 00:00|2026-03-30 01:00")]
    [InlineData("30 2,3 * * *", "2026-03-29 01:00|2026-03-29 01:30|2026-03-30 00:30")]
    public void Several_fixed_times_in_one_gap_tick_once(string line, string expected) =>
        Expect(line, "Europe/Berlin", "2026-03-28 12:00", expected);

    [Theory]
    [InlineData("30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:30|2026-10-26 01:30")]
    [InlineData("0,30 2 * * *", "2026-10-24 12:00", "2026-10-25 00:00|2026-10-25 00:30|2026-10-26 01:00")]
    // Asked while the hour is repeated.
    [InlineData("30 2 * * *", "2026-10-25 01:00", "2026-10-26 01:30")]
    [InlineData("30 2 * * *", "2026-10-25 01:15", "2026-10-26 01:30")]
    [InlineData("0 3 * * *", "2026-10-25 01:15", "2026-10-25 02:00|2026-10-26 02:00")]
    public void A_fixed_time_that_comes_twice_ticks_the_first_time(string line, string after, string expected) =>
        Expect(line, "Europe/Berlin", after, expected);

    [Theory]
    [InlineData("*/30 * * * *", "2026-10-25 00:00", "2026-10-25 00:30|2026-10-25 01:00|2026-10-25 01:30|2026-10-25 02:00")]
    [InlineData("0 */2 * * *", "2026-10-24 21:00", "2026-10-24 22:00|2026-10-25 00:00|2026-10-25 01:00|2026-10-25 03:00")]
    [InlineData("0 1-3 * * *", "2026-10-24 21:00", "2026-10-24 23:00|2026-10-25 00:00|2026-10-25 01:00|2026-10-25 02:00|2026-10-26 00:00")]
    [InlineData("@hourly", "2026-10-25 00:00", "2026-10-25 01:00|2026-10-25 02:00")]
    public void Any_other_line_ticks_in_both_passes_of_a_repeated_hour(string line, string after, string expected) =>
        Expect(line, "Europe/Berlin", after, expected);

    [Theory]
    [InlineData("*/30 * * * *", "2026-03-29 00:00", "2026-03-29 00:30|2026-03-29 01:00|2026-03-29 01:30")]
    [InlineData("*/30 2 * * *", "2026-03-28 01:15", "2026-03-28 01:30|2026-03-30 00:00")]
    [InlineData("0 */2 * * *", "2026-03-28 22:00", "2026-03-28 23:00|2026-03-29 02:00")]
    [InlineData("0 1-3 * * *", "2026-03-28 12:00", "2026-03-29 00:00|2026-03-29 01:00|2026-03-29 23:00")]
    [InlineData("*/5 2 29 3 *", "2026-01-01", "2027-03-29 00:00")]
    public void Any_other_line_ticks_for_no_time_that_is_skipped(string line, string after, string expected) =>
        Expect(line, "Europe/Berlin", after, expected);

    [Theory]
    [InlineData("America/Sao_Paulo", "0 0 * * *", "2018-11-02 12:00", "2018-11-03 03:00|2018-11-04 03:00|2018-11-05 02:00")]
    [InlineData("America/Sao_Paulo", "30 23 * * *", "2018-02-17 12:00", "2018-02-18 01:30|2018-02-19 02:30")]
    [InlineData("America/Sao_Paulo", "0 0 * * *", "2018-02-17 12:00", "2018-02-18 03:00|2018-02-19 03:00")]
    [InlineData("Africa/Cairo", "0 0 * * *", "2023-04-26 12:00", "2023-04-26 22:00|2023-04-27 22:00|2023-04-28 21:00")]
    [InlineData("Africa/Cairo", "30 23 * * *", "2023-10-26 12:00", "2023-10-26 20:30|2023-10-27 21:30")]
    [InlineData("Asia/Beirut", "0 0 * * *", "2022-03-25 12:00", "2022-03-25 22:00|2022-03-26 22:00|2022-03-27 21:00")]
    [InlineData("Asia/Beirut", "*/30 23 * * *", "2022-10-29 12:00", "2022-10-29 20:00|2022-10-29 20:30|2022-10-29 21:00|2022-10-29 21:30|2022-10-30 21:00")]
    public void Clocks_that_are_changed_at_midnight(string zone, string line, string after, string expected) => Expect(line, zone, after, expected);

    [Theory]
    [InlineData("15 2 * * *", "2025-10-03 20:00", "2025-10-04 15:30|2025-10-05 15:15")]
    [InlineData("45 1 * * *", "2025-04-05 12:00", "2025-04-05 14:45|2025-04-06 15:15")]
    [InlineData("*/15 1 * * *", "2025-04-05 14:15", "2025-04-05 14:30|2025-04-05 14:45|2025-04-05 15:00|2025-04-05 15:15|2025-04-06 14:30")]
    public void Half_an_hour_of_daylight_saving(string line, string after, string expected) => Expect(line, "Australia/Lord_Howe", after, expected);

    [Theory]
    [InlineData("30 1 * * *", "2026-03-28 12:00", "2026-03-29 01:00|2026-03-30 00:30")]
    [InlineData("30 1 * * *", "2026-10-24 12:00", "2026-10-25 00:30|2026-10-26 01:30")]
    [InlineData("*/30 1 * * *", "2026-10-24 12:00", "2026-10-25 00:00|2026-10-25 00:30|2026-10-25 01:00|2026-10-25 01:30|2026-10-26 01:00")]
    public void A_winter_time_that_is_the_exception(string line, string after, string expected) => Expect(line, "Europe/Dublin", after, expected);

    [Theory]
    [InlineData("0 12 * * *", "2011-12-29 12:00", "2011-12-29 22:00|2011-12-30 10:00|2011-12-30 22:00")]
    [InlineData("0 0,12 30 12 *", "2011-12-01", "2011-12-30 10:00|2012-12-29 10:00")]
    [InlineData("0 */6 * * *", "2011-12-30 04:00", "2011-12-30 10:00|2011-12-30 16:00")]
    [InlineData("0 * 30 12 *", "2011-12-01", "2012-12-29 10:00")]
    public void A_day_that_is_skipped(string line, string after, string expected) => Expect(line, "Pacific/Apia", after, expected);

    [Fact]
    public void A_line_whose_time_is_in_the_gap_of_every_year_comes_to_an_end()
    {
        Expect("*/5 2 * 3 SUN#2", "America/New_York", "2026-01-01", "");
        Expect("5 2 * 3 SUN#2", "America/New_York", "2026-01-01", "2026-03-08 07:00|2027-03-14 07:00");
    }

    private static void Expect(string line, string zone, string after, string expected)
    {
        var wanted = expected.Split('|', StringSplitOptions.RemoveEmptyEntries);
        Ticks.Of(line, zone, after, Math.Max(1, wanted.Length)).ShouldBe(wanted);
    }
}
