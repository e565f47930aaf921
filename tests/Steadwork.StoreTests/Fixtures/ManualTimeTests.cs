using Shouldly;
using Steadwork.Testing;
using Xunit;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>The clock on which all other tests here rely.</summary>
public sealed class ManualTimeTests
{
    private readonly ManualTime clock = new();

    [Fact]
    public void It_stands_until_it_is_moved()
    {
        var (utc, timestamp) = (clock.GetUtcNow(), clock.GetTimestamp());
        clock.GetUtcNow().ShouldBe(utc);

        clock.Advance(TimeSpan.FromSeconds(90));

        clock.GetUtcNow().ShouldBe(utc.AddSeconds(90));
        clock.GetElapsedTime(timestamp).ShouldBe(TimeSpan.FromSeconds(90));
        Should.Throw<ArgumentOutOfRangeException>(() => clock.Advance(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void Setting_the_wall_clock_moves_neither_the_monotonic_clock_nor_timers()
    {
        var timestamp = clock.GetTimestamp();
        var fired = 0;
        using var timer = clock.CreateTimer(_ => fired++, null, TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);

        clock.SetUtcNow(new DateTimeOffset(2030, 1, 1, 2, 0, 0, TimeSpan.FromHours(2)));

        clock.GetUtcNow().ShouldBe(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        clock.GetUtcNow().Offset.ShouldBe(TimeSpan.Zero);
        clock.GetTimestamp().ShouldBe(timestamp);
        fired.ShouldBe(0);
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_and_see_them()
    {
        var start = clock.GetUtcNow();
        var fired = new List<(string Name, double Second)>();
        using var periodic = Timer("every 2", 2, 2);
        using var once = Timer("at 3", 3, 0);
        using var late = Timer("at 9", 9, 0);
        using var stopped = Timer("never", 1, 0);
        stopped.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        clock.Advance(TimeSpan.FromSeconds(6));

        fired.ShouldBe([("every 2", 2), ("at 3", 3), ("every 2", 4), ("every 2", 6)]);
        clock.GetUtcNow().ShouldBe(start.AddSeconds(6));

        ITimer Timer(string name, int due, int period) => clock.CreateTimer(
            _ => fired.Add((name, (clock.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(period));
    }

    [Fact]
    public async Task Waiting_on_it_ends_when_it_is_moved()
    {
        var waiting = Task.Delay(TimeSpan.FromSeconds(5), clock);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10), clock);

        clock.Advance(TimeSpan.FromSeconds(5));
        await waiting;
        timeout.IsCancellationRequested.ShouldBeFalse();

        clock.Advance(TimeSpan.FromSeconds(5));
        timeout.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void A_timer_that_is_due_at_once_fires_at_once_and_a_disposed_one_never()
    {
        var fired = 0;
        using var now = clock.CreateTimer(_ => fired++, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        fired.ShouldBe(1);

        clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)).Dispose();
        clock.Advance(TimeSpan.FromSeconds(10));

        fired.ShouldBe(1);
    }
}
