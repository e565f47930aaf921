using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs.Schedules;

public sealed class TimeZoneNameTests
{
    [Theory]
    [InlineData("UTC")]
    [InlineData("Etc/UTC")]
    [InlineData("Etc/GMT+5")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/Argentina/Buenos_Aires")]
    [InlineData("America/Port-au-Prince")]
    public void A_zone_has_the_name_that_it_was_found_by(string name) => TimeZoneName.Find(name).Id.ShouldBe(name);

    [Theory]
    [InlineData("")]
    [InlineData("utc")]
    [InlineData("CET")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("+02:00")]
    [InlineData("right/Europe/Berlin")]
    [InlineData("../../../etc/passwd")]
    public void Other_names_are_refused(string name) =>
        Should.Throw<FormatException>(() => TimeZoneName.Find(name)).Message
            .ShouldBe($"'{name}' is no name of a time zone; it is UTC, or a name of the IANA database with a place in it, such as Europe/Berlin.");

    [Theory]
    [InlineData("Europe/Berlino")]
    [InlineData("America/Indiana")]
    [InlineData("/")]
    public void A_zone_that_the_machine_does_not_know_is_refused(string name) =>
        Should.Throw<FormatException>(() => TimeZoneName.Find(name)).Message
            .ShouldBe($"This machine knows no time zone '{name}'; it is UTC, or a name of the IANA database such as Europe/Berlin, for which the machine must have that database (often the package tzdata).");
}
