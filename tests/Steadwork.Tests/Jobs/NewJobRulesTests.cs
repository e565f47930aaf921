using System.Text;
using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class NewJobRulesTests
{
    private static readonly NewJob Good = new() { Type = "note", Payload = "{}"u8.ToArray() };

    [Fact]
    public void A_plain_job_is_welcome() => NewJobRules.Refusal(Good).ShouldBeNull();

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{}{}")]
    [InlineData("{'a':1}")]
    [InlineData("\"\\ud800\"")]
    [InlineData("nul")]
    public void A_malformed_payload_is_refused_and_never_turned_into_an_empty_one(string payload) =>
        Refusal(Good with { Payload = Encoding.UTF8.GetBytes(payload) }).ShouldContain("not valid JSON");

    [Fact]
    public void A_payload_too_deep_or_too_long_is_refused()
    {
        Refusal(Good with { Payload = Encoding.UTF8.GetBytes(new string('[', 10_000) + new string(']', 10_000)) }).ShouldContain("not valid JSON");
        Refusal(Good with { Payload = Encoding.UTF8.GetBytes($"\"{new string('x', 256 * 1024)}\"") }).ShouldContain("262,144 is the most");
    }

    [Fact]
    public void Names_and_numbers_out_of_range_are_refused_with_what_would_be_right()
    {
        Refusal(Good with { Type = "" }).ShouldContain("job type is empty");
        Refusal(Good with { Queue = "a\nb" }).ShouldContain("control character");
        Refusal(Good with { UniqueKey = new string('k', 201) }).ShouldContain("200 is the most");
        Refusal(Good with { Priority = 0 }).ShouldContain("from 1 (first) to 1000");
        Refusal(Good with { MaxAttempts = 0 }).ShouldContain("from 1 to 1000");
        Refusal(Good with { Delay = TimeSpan.FromSeconds(-1) }).ShouldContain("from zero to 36500 days");
        Refusal(Good with { Type = "half \ud83d" }).ShouldContain("surrogate");
        Refusal(Good with { Timeout = TimeSpan.Zero }).ShouldContain("longer than zero");
        Refusal(Good with { Tags = [" x"] }).ShouldContain("white space");
    }

    [Theory]
    [InlineData("", "is empty; it is a word of 1 to 50 letters and digits")]
    [InlineData("a,b", "'a,b' is no tag of a worker; it is a word of letters and digits, or - _ . : / between them, such as gpu or region:eu.")]
    [InlineData("a b", "'a b' is no tag")]
    [InlineData("a\n", "is no tag")]
    [InlineData("123456789012345678901234567890123456789012345678901", "51 characters; 50 is the most")]
    public void A_tag_that_no_worker_can_have_is_refused(string tag, string complaint) => Refusal(Good with { Requires = ["gpu", tag] }).ShouldContain(complaint);

    [Fact]
    public void A_job_can_require_ten_tags()
    {
        string[] ten = [.. Enumerable.Range(0, 10).Select(number => $"région:{number}/a-b_c.d")];
        NewJobRules.Refusal(Good with { Requires = [.. ten, ten[0]] }).ShouldBeNull();
        Refusal(Good with { Requires = [.. ten, "more"] }).ShouldBe("A job can require 10 tags at the most, not 11.");
    }

    [Fact]
    public void What_is_said_of_a_unique_key_needs_one_and_must_agree()
    {
        NewJob keyed = Good with { UniqueKey = "k" };
        NewJobRules.Refusal(keyed with { UniqueFor = TimeSpan.FromDays(1), WhenTaken = WhenTaken.Replace }).ShouldBeNull();
        Refusal(Good with { UniqueFor = TimeSpan.FromDays(1) }).ShouldContain("give it a unique key, too");
        Refusal(Good with { WhenTaken = WhenTaken.Refuse }).ShouldContain("give it a unique key, too");
        Refusal(keyed with { UniqueFor = TimeSpan.Zero }).ShouldContain("from a millisecond to 36500 days");
        Refusal(keyed with { UniqueFor = TimeSpan.FromDays(1), UniqueScope = UniqueScope.WhileKept }).ShouldContain("say one of the two");
    }

    [Fact]
    public void A_job_must_be_able_to_run_before_it_expires()
    {
        var at = DateTimeOffset.UnixEpoch.AddDays(1);
        NewJobRules.Refusal(Good with { RunAt = at, ExpiresAt = at.AddSeconds(1), Delay = TimeSpan.FromDays(2) }).ShouldBeNull();
        NewJobRules.Refusal(Good with { Delay = TimeSpan.FromHours(1), ExpiresIn = TimeSpan.FromHours(2) }).ShouldBeNull();
        Refusal(Good with { RunAt = at, ExpiresAt = at }).ShouldContain("let it expire later");
        Refusal(Good with { Delay = TimeSpan.FromHours(1), ExpiresIn = TimeSpan.FromHours(1) }).ShouldContain("let it expire later");
        Refusal(Good with { ExpiresIn = TimeSpan.Zero }).ShouldContain("from a millisecond to 36500 days");
    }

    private static string Refusal(NewJob job) => NewJobRules.Refusal(job).ShouldNotBeNull();
}
