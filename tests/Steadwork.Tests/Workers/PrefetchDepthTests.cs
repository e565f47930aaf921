using Shouldly;
using Steadwork.Workers.Running;
using Xunit;

namespace Steadwork.Tests.Workers;

public sealed class PrefetchDepthTests
{
    private readonly PrefetchDepth depth = new(concurrency: 4, window: TimeSpan.FromMilliseconds(50), most: 500);

    [Fact]
    public void Nothing_is_claimed_ahead_before_anything_is_known() => depth.Target.ShouldBe(4);

    [Fact]
    public void Short_jobs_are_claimed_ahead_up_to_the_bound()
    {
        depth.Took(TimeSpan.FromMilliseconds(1));
        depth.Target.ShouldBe(4 + 200);
        for (var job = 0; job < 200; job++)
            depth.Took(TimeSpan.FromMicroseconds(1));
        depth.Target.ShouldBe(4 + 500);
    }

    [Fact]
    public void One_long_job_stops_claiming_ahead()
    {
        depth.Took(TimeSpan.FromMilliseconds(1));
        depth.Took(TimeSpan.FromSeconds(10));
        depth.Target.ShouldBe(4);
    }

    [Fact]
    public void A_buffer_that_got_stuck_before_anything_was_known_is_forgotten_as_any_other()
    {
        depth.Stuck();
        depth.Target.ShouldBe(4);
        for (var job = 0; job < 50; job++)
            depth.Took(TimeSpan.FromMilliseconds(1));
        depth.Target.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void One_that_was_held_up_among_many_short_ones_changes_little()
    {
        for (var job = 0; job < 100; job++)
            depth.Took(TimeSpan.FromMicroseconds(10));
        depth.Took(TimeSpan.FromMilliseconds(20));
        depth.Target.ShouldBe(4 + 500);
    }

    [Fact]
    public void Jobs_that_have_become_longer_are_claimed_ahead_no_further_than_the_window()
    {
        for (var job = 0; job < 1000; job++)
            depth.Took(TimeSpan.FromMicroseconds(10));
        for (var job = 0; job < 200; job++)
            depth.Took(TimeSpan.FromMilliseconds(10));
        depth.Target.ShouldBeInRange(4 + 20, 4 + 22);
    }

    [Fact]
    public void A_buffer_that_got_stuck_stops_claiming_ahead_until_short_jobs_end()
    {
        depth.Took(TimeSpan.FromMilliseconds(1));
        depth.Stuck();
        depth.Target.ShouldBe(4);
        for (var job = 0; job < 50; job++)
            depth.Took(TimeSpan.FromMilliseconds(1));
        depth.Target.ShouldBeGreaterThan(50);
    }
}
