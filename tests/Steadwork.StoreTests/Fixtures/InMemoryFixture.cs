using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>The reference. All of its views are the store itself.</summary>
public sealed class InMemoryFixture : IStoreFixture
{
    private readonly InMemoryStore store;

    public InMemoryFixture() => store = new InMemoryStore(Clock);

    public ManualTime Clock { get; } = new();

    public IStore Store => store;

    public IStore OpenAnother() => store;

    public void Kill(WorkerId worker) => store.Abandon(worker);

    public void Hold(JobId job) => store.Hold(job);

    public Task CheckAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
