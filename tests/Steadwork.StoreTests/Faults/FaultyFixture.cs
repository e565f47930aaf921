using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Faults;

/// <summary>The reference with one fault in front of it: whatever is found is that fault.</summary>
internal sealed class FaultyFixture(Func<IStore, FaultMemory, FaultyStore> plant) : IStoreFixture
{
    private readonly InMemoryFixture inner = new();
    private readonly FaultMemory memory = new();

    public ManualTime Clock => inner.Clock;

    public IStore Store => field ??= plant(inner.Store, memory);

    public IStore OpenAnother() => plant(inner.OpenAnother(), memory);

    public void Kill(WorkerId worker) => inner.Kill(worker);

    public void Hold(JobId job) => inner.Hold(job);

    public Task CheckAsync() => inner.CheckAsync();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
