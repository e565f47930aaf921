using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Testing;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class RateLimitTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_smooth_limit_is_a_small_one_within_a_short_time()
    {
        Of(6, Minute, smooth: true).ShouldBe((1, 10_000L, 1L));
        Of(1000, TimeSpan.FromSeconds(1), smooth: true).ShouldBe((50, 50L, 1L));
        // Rounded so that the whole is never more than was said.
        Of(7, TimeSpan.FromSeconds(1), smooth: true).ShouldBe((1, 143L, 1L));
    }

    [Fact]
    public void A_large_one_is_told_apart_into_a_hundred_parts()
    {
        Of(100, Minute).ShouldBe((100, 60_000L, 1L));
        Of(1_000_000, Minute).ShouldBe((1_000_000, 60_000L, 600L));
        new RateLimit(LimitScope.Queue, "a", 1_000_000, Minute).Until(Now.AddMilliseconds(1)).ShouldBe(Now.AddMilliseconds(60_600));
    }

    [Fact]
    public void Of_several_limits_for_keys_the_key_s_own_counts_and_then_the_longest()
    {
        RateLimit[] limits = [.. new[] { "a*", "ab*", "ab", "*" }.Select(name => new RateLimit(LimitScope.Key, name, 1, Minute)), new RateLimit(LimitScope.Queue, "abc", 1, Minute)];
        string? NameFor(string key) => RateLimit.Of(limits, key)?.Name;

        NameFor("ab").ShouldBe("ab");
        NameFor("abc").ShouldBe("ab*");
        NameFor("ac").ShouldBe("a*");
        NameFor("x").ShouldBe("*");
        RateLimit.Of(limits[..3], "x").ShouldBeNull();
    }

    [Theory]
    [InlineData("", 1, 60_000, "The queue is empty; it needs 1 to 200 characters.")]
    [InlineData("a", 0, 60_000, "0 starts is out of range; it goes from 1 to 1,000,000.")]
    [InlineData("a", 1, 99, "A period of 00:00:00.0990000 is out of range; it goes from 100 ms to 366 days.")]
    public void What_makes_no_sense_is_refused(string name, int starts, int milliseconds, string refusal) =>
        new RateLimit(LimitScope.Queue, name, starts, TimeSpan.FromMilliseconds(milliseconds)).Refusal().ShouldBe(refusal);

    [Fact]
    public void No_stretch_of_the_length_of_a_period_has_more_starts_than_the_limit_says() => Prop.ForAll(
        Gen.Choose(1, 120).ToArbitrary(), Gen.Elements(false, true).ToArbitrary(), Gen.Zip(Gen.Choose(0, 3000), Gen.Choose(1, 40)).ListOf().ToArbitrary(),
        (starts, smooth, claims) => MostInAnyPeriod(starts, smooth, claims).GetAwaiter().GetResult() <= starts).QuickCheckThrowOnFailure();

    private static async Task<int> MostInAnyPeriod(int starts, bool smooth, IEnumerable<(int Milliseconds, int Max)> claims)
    {
        var period = TimeSpan.FromSeconds(10);
        var clock = new ManualTime();
        await using var store = new InMemoryStore(clock);
        await store.EnqueueAsync([.. Enumerable.Repeat(new NewJob { Type = "x", Payload = "{}"u8.ToArray() }, 500)], CancellationToken.None);
        var worker = await store.StartWorkerAsync(new WorkerStart("worker", ["default"], ["x"], 500, Minute), CancellationToken.None);
        await store.SetLimitAsync(new RateLimit(LimitScope.Queue, "default", starts, period) { Smooth = smooth }, "test", CancellationToken.None);
        var begun = new List<DateTimeOffset>();
        foreach (var (milliseconds, max) in claims)
        {
            clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
            var exchange = await store.ExchangeAsync(worker.Id, [], new ClaimRequest(["default"], ["x"], max, 0), CancellationToken.None);
            begun.AddRange(Enumerable.Repeat(clock.GetUtcNow(), exchange.Claimed.Count));
        }
        return begun.Select(first => begun.Count(time => time >= first && time < first + period)).DefaultIfEmpty(0).Max();
    }

    private static (int Most, long Within, long Grain) Of(int starts, TimeSpan period, bool smooth = false)
    {
        var limit = new RateLimit(LimitScope.Queue, "a", starts, period) { Smooth = smooth };
        return (limit.Most, limit.Within, limit.Grain);
    }
}
