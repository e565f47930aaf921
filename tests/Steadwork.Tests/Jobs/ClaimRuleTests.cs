using Shouldly;
using Xunit;

namespace Steadwork.Tests.Jobs;

public sealed class ClaimRuleTests
{
    private const int Draws = 100_000;
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Random random = new(20261126);

    /// <summary>Pearson's chi-squared statistic of the draws against the weights; it exceeds the limits below in one of a thousand honest runs.</summary>
    [Theory]
    [InlineData(new[] { 1, 100 }, 10.83)]
    [InlineData(new[] { 1, 2, 4, 100 }, 16.27)]
    [InlineData(new[] { 10, 10, 20, 500, 1000 }, 18.47)]
    public void Weighted_random_draws_by_one_over_the_priority(int[] priorities, double limit)
    {
        var rule = new ClaimRule { Order = ClaimOrder.WeightedRandom };
        // Jobs of one priority share a weight, and the oldest of them is the one that is taken.
        var groups = priorities.Distinct().ToArray();
        var counts = new int[groups.Length];
        var places = priorities.Index().Select(job => new ClaimPlace("q", job.Item, job.Index, Now)).ToList();
        for (var draw = 0; draw < Draws; draw++)
            counts[Array.IndexOf(groups, rule.Sort(places, place => place, ["q"], Now, random.NextDouble)[0].Priority)]++;

        var sum = groups.Sum(priority => 1.0 / priority);
        groups.Index().Sum(group => Math.Pow(counts[group.Index] - Expected(group.Item), 2) / Expected(group.Item)).ShouldBeLessThan(limit);

        double Expected(int priority) => Draws / (priority * sum);
    }

    [Fact]
    public void One_wins_against_a_hundred_in_about_99_of_100_draws()
    {
        var rule = new ClaimRule { Order = ClaimOrder.WeightedRandom };
        ClaimPlace[] places = [new("q", 100, 1, Now), new("q", 1, 2, Now)];
        var won = Enumerable.Range(0, Draws).Count(_ => rule.Sort(places, place => place, ["q"], Now, random.NextDouble)[0].Priority == 1);

        // 1 / (1 + 1/100) of them: 99,010, with a deviation of 31.
        won.ShouldBeInRange(98_850, 99_170);
    }

    [Fact]
    public void What_is_left_of_a_draw_keeps_its_weights()
    {
        var rule = new ClaimRule { Order = ClaimOrder.WeightedRandom };
        ClaimPlace[] places = [.. Enumerable.Range(0, 20).Select(id => new ClaimPlace("q", id % 2 == 0 ? 1 : 3, id, Now))];
        var tenth = 0;
        for (var draw = 0; draw < Draws / 10; draw++)
        {
            // Of the first five, none has run out.
            tenth += rule.Sort(places, place => place, ["q"], Now, random.NextDouble).Take(5).Count(place => place.Priority == 1);
        }

        // Three of four: 37,500 of 50,000, with a deviation of 97.
        tenth.ShouldBeInRange(37_000, 38_000);
    }

    [Theory]
    [InlineData(100, 0, 100)]
    [InlineData(100, 999, 100)]
    [InlineData(100, 1_000, 99)]
    [InlineData(100, 1_999, 99)]
    [InlineData(100, 98_000, 2)]
    [InlineData(100, 1_000_000, 1)]
    [InlineData(100, -5_000, 100)]
    [InlineData(1, 5_000, 1)]
    public void A_job_gains_a_level_for_each_interval_that_it_waits(int priority, int waitedMilliseconds, int expected) =>
        new ClaimRule { Ageing = TimeSpan.FromSeconds(1) }.PriorityAfter(priority, TimeSpan.FromMilliseconds(waitedMilliseconds)).ShouldBe(expected);

    [Fact]
    public void Without_ageing_a_job_stays_what_it_is() =>
        ClaimRule.Default.PriorityAfter(100, TimeSpan.FromDays(365)).ShouldBe(100);

    [Fact]
    public void Only_the_plain_rule_is_the_default()
    {
        ClaimRule.Default.IsDefault.ShouldBeTrue();
        new ClaimRule { Order = ClaimOrder.Fifo }.IsDefault.ShouldBeFalse();
        new ClaimRule { Ageing = TimeSpan.FromSeconds(1) }.IsDefault.ShouldBeFalse();
        new ClaimRule { Sharing = QueueSharing.InOrder }.IsDefault.ShouldBeFalse();
    }
}
