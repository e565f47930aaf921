using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Testing;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What all parts of the contract share: each test has a fresh store, and after it the store's insides must be in order.</summary>
public abstract class StoreContract<TFixture> : IAsyncLifetime
    where TFixture : IStoreFixture, new()
{
    private IStore? other;

    protected TFixture Fixture { get; } = new();

    protected ManualTime Clock => Fixture.Clock;

    /// <summary>The store as one process sees it.</summary>
    protected IStore Store => Fixture.Store;

    /// <summary>The same store as another process sees it.</summary>
    protected IStore Other => other ??= Fixture.OpenAnother();

    protected DateTimeOffset Now => Clock.GetUtcNow();

    protected DateTimeOffset In(double seconds) => Now.AddSeconds(seconds);

    protected void Advance(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await Fixture.CheckAsync();
        await KeptCountsEqualARecount();
        await Fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task KeptCountsEqualARecount()
    {
        var recounted = (await Store.FindAllAsync())
            .GroupBy(job => (job.Queue, job.Type))
            .ToDictionary(lane => lane.Key, lane => lane.Aggregate(default(StateCounts), (sum, job) => sum.With(job.State, +1)));
        var kept = (await Store.StatisticsAsync()).Lanes
            .Where(lane => lane.Counts != default)
            .ToDictionary(lane => (lane.Queue, lane.Type), lane => lane.Counts);
        kept.ShouldBe(recounted, ignoreOrder: true);
    }
}
