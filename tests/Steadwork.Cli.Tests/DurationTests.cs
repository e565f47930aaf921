using Shouldly;
using Steadwork.Cli.Inputs;
using Xunit;

namespace Steadwork.Cli.Tests;

public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("1.5s", 1500)]
    [InlineData("0.1ms", 1)]
    [InlineData("36500d", 3_153_600_000_000)]
    public void It_reads_numbers_with_units(string text, long milliseconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeNull();
        duration.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5x")]
    [InlineData("5S")]
    [InlineData("30m1h")]
    [InlineData("1h1h")]
    [InlineData("1..5s")]
    [InlineData("٣s")]
    [InlineData("1h30")]
    public void It_refuses_anything_else(string text) =>
        Duration.TryParse(text, out _).ShouldBe($"'{text}' is not a duration; write it like 250ms, 30s, 5m, 2h, 7d or 1h30m.");

    [Theory]
    [InlineData("36501d")]
    [InlineData("999999999999999h")]
    public void It_refuses_more_than_a_hundred_years(string text) =>
        Duration.TryParse(text, out _).ShouldBe($"'{text}' is too long; 100 years (36500d) is the most.");

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(999, "999ms")]
    [InlineData(1000, "1s")]
    [InlineData(3290, "3.2s")]
    [InlineData(9999, "9.9s")]
    [InlineData(10_400, "10s")]
    [InlineData(65_000, "1m 5s")]
    [InlineData(3_600_000, "1h")]
    [InlineData(3_605_000, "1h")]
    [InlineData(97_200_000, "1d 3h")]
    [InlineData(-65_000, "-1m 5s")]
    public void It_is_written_in_its_two_greatest_units(long milliseconds, string text) =>
        Duration.Format(TimeSpan.FromMilliseconds(milliseconds)).ShouldBe(text);
}
