using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

public sealed class CronLineTests
{
    [Theory]
    [InlineData("* * * * *")]
    [InlineData("  5,10-20/3   0-23 L-3,15W,LW JAN-Mar,12 fri-MON ")]
    [InlineData("*/10\t7/20 * ? * MON#2,5L")]
    [InlineData("0 0 0 1 1 7")]
    [InlineData("@Daily")]
    public void A_line_is_given_back_as_it_was_written(string text)
    {
        CronLine.Parse(text).ToString().ShouldBe(text);
        CronLine.Parse(text).ShouldBe(CronLine.Parse(text));
        CronLine.TryParse(text, out var line, out var refusal).ShouldBeTrue();
        line.ShouldNotBeNull().Text.ShouldBe(text);
        refusal.ShouldBeNull();
    }

    [Theory]
    [InlineData("@yearly", "0 0 1 1 *")]
    [InlineData("@annually", "0 0 1 1 *")]
    [InlineData("@MONTHLY", "0 0 1 * *")]
    [InlineData("@weekly", "0 0 * * SUN")]
    [InlineData("@daily", "0 0 * * *")]
    [InlineData("@midnight", "0 0 * * *")]
    [InlineData("@hourly", "0 * * * *")]
    [InlineData("0 0 * * FRI-MON", "0 0 * * 0,1,5,6")]
    [InlineData("0 0 * * 5-7", "0 0 * * FRI,SAT,SUN")]
    [InlineData("0 0 * * 7-2", "0 0 * * SUN,MON,TUE")]
    [InlineData("0 0 * * 0-7", "0 0 * * *")]
    [InlineData("0 0 * * FRI-MON/2", "0 0 * * FRI,SUN")]
    [InlineData("0 0 * * 7/2", "0 0 * * 0,2,4,6")]
    [InlineData("7/20 * * * *", "7,27,47 * * * *")]
    [InlineData("5-50/10 * * * *", "5,15,25,35,45 * * * *")]
    [InlineData("*/25 * * * *", "0,25,50 * * * *")]
    [InlineData("0 0 ? * ?", "0 0 * * *")]
    [InlineData("0 30 4 1 * *", "30 4 1 * *")]
    [InlineData("0 0 1 feb,JUN-aug *", "0 0 1 2,6,7,8 *")]
    public void Short_forms_mean_what_their_long_forms_do(string line, string same) =>
        CronLine.Parse(line).Pattern.ShouldBe(CronLine.Parse(same).Pattern);

    [Theory]
    [InlineData("0,30 2,14 * * *", true)]
    [InlineData("15 30 2 1-5 * MON", true)]
    [InlineData("@daily", true)]
    [InlineData("@hourly", false)]
    [InlineData("*/15 2 * * *", false)]
    [InlineData("7/20 2 * * *", false)]
    [InlineData("0 9-17 * * *", false)]
    [InlineData("0 0 2/4 * * *", false)]
    [InlineData("*/10 0 2 * * *", true)]
    public void Fixed_times_of_the_day_have_no_star_range_or_step_in_minutes_and_hours(string line, bool expected) =>
        CronLine.Parse(line).IsTimeOfDay.ShouldBe(expected);

    [Theory]
    [InlineData("", "The cron line is empty; it has five fields (minute, hour, day of the month, month, day of the week), as in '0 6 * * MON-FRI'.")]
    [InlineData(" \t ", "The cron line is empty; it has five fields (minute, hour, day of the month, month, day of the week), as in '0 6 * * MON-FRI'.")]
    [InlineData("daily", "'daily' has 1 field; a cron line has five (minute, hour, day of the month, month, day of the week) or six with seconds first.")]
    [InlineData("0 0 * *", "'0 0 * *' has 4 fields; a cron line has five (minute, hour, day of the month, month, day of the week) or six with seconds first.")]
    [InlineData("0 0 0 1 1 ? 2026", "'0 0 0 1 1 ? 2026' has 7 fields; a cron line has five (minute, hour, day of the month, month, day of the week) or six with seconds first.")]
    [InlineData("@reboot", "'@reboot' is no macro; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly.")]
    [InlineData("61 * * * *", "'61' is no minute; minutes go from 0 to 59.")]
    [InlineData("-5 * * * *", "A minute is missing; minutes go from 0 to 59.")]
    [InlineData("60 * * * * *", "'60' is no second; seconds go from 0 to 59.")]
    [InlineData("0 24 * * *", "'24' is no hour; hours go from 0 to 23.")]
    [InlineData("0 noon * * *", "'noon' is no hour; hours go from 0 to 23.")]
    [InlineData("0 99999999999 * * *", "'99999999999' is no hour; hours go from 0 to 23.")]
    [InlineData("0 0 0 * *", "'0' is no day of the month; days of the month go from 1 to 31, or L for the last.")]
    [InlineData("0 0 1-5W * *", "'1-5' is no day of the month; days of the month go from 1 to 31, or L for the last.")]
    [InlineData("0 0 W * *", "A day of the month is missing; days of the month go from 1 to 31, or L for the last.")]
    [InlineData("0 0 L-31 * *", "'L-31' is no day before the last of the month; they go from L-1 to L-30.")]
    [InlineData("0 0 L-x * *", "'L-x' is no day before the last of the month; they go from L-1 to L-30.")]
    [InlineData("0 0 1 JUX *", "'JUX' is no month; months go from 1 to 12, or from JAN to DEC.")]
    [InlineData("0 0 * * 8", "'8' is no day of the week; days of the week go from 0 (Sunday) to 7 (Sunday again), or from SUN to SAT.")]
    [InlineData("0 0 * * L", "'L' lacks the day of the week whose last it is; the last Friday of a month is FRIL or 5L.")]
    [InlineData("0 0 * * MON#6", "'MON#6' does not say which one of the month; that goes from #1 to #5, as in MON#2.")]
    [InlineData("0 0 * * MON#", "'MON#' does not say which one of the month; that goes from #1 to #5, as in MON#2.")]
    [InlineData("0 ? * * *", "'?' stands alone in a day field; write * for any hour.")]
    [InlineData("0 0 1,? * *", "'?' stands alone in a day field; write * for any day of the month.")]
    [InlineData("0 17-9 * * *", "'17-9' runs backwards; put the lower hour first, or write two ranges: 17-23,0-9.")]
    [InlineData("0 0 1 NOV-FEB *", "'NOV-FEB' runs backwards; put the lower month first, or write two ranges: 11-12,1-2.")]
    [InlineData("*/0 * * * *", "'0' in '*/0' is no step; steps of minutes go from 1 to 59.")]
    [InlineData("*/60 * * * *", "'60' in '*/60' is no step; steps of minutes go from 1 to 59.")]
    [InlineData("0 0-6/ * * *", "'' in '0-6/' is no step; steps of hours go from 1 to 23.")]
    [InlineData("1,,2 * * * *", "'1,,2' has an empty place in its list; put one comma between two minutes and none at the ends.")]
    [InlineData("0 0 * * MON,", "'MON,' has an empty place in its list; put one comma between two days of the week and none at the ends.")]
    [InlineData("0 0 30 2 *", "'0 0 30 2 *' never comes, for no year has such a day; its months must have its days.")]
    [InlineData("0 0 31W 4,6,9,11 *", "'0 0 31W 4,6,9,11 *' never comes, for no year has such a day; its months must have its days.")]
    public void A_bad_line_is_refused_with_what_is_wrong_and_what_would_be_right(string text, string sentence)
    {
        CronLine.TryParse(text, out var line, out var refusal).ShouldBeFalse();
        line.ShouldBeNull();
        refusal.ShouldBe(sentence);
        Should.Throw<FormatException>(() => CronLine.Parse(text)).Message.ShouldBe(sentence);
    }

    [Fact]
    public void Nothing_and_far_too_much_are_no_lines()
    {
        CronLine.TryParse(null, out _, out var refusal).ShouldBeFalse();
        refusal.ShouldStartWith("The cron line is empty");
        Should.Throw<FormatException>(() => CronLine.Parse(new string('*', 501))).Message.ShouldBe("A cron line has at most 500 characters; this one has 501.");
    }
}
