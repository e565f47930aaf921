using Steadwork.Storage;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>What the contract suite needs of a store: a fresh one, a clock to move, other processes, and their death.</summary>
public interface IStoreFixture : IAsyncDisposable
{
    ManualTime Clock { get; }

    /// <summary>The store as one process sees it.</summary>
    IStore Store { get; }

    /// <summary>The same store as another process of the same machine sees it. It is closed with the fixture.</summary>
    IStore OpenAnother();

    /// <summary>Lets a worker look as if its process had been killed.</summary>
    void Kill(WorkerId worker);

    /// <summary>Puts a pending job into the state of waiting for others.</summary>
    void Hold(JobId job);

    /// <summary>Checks what must hold of the store's own insides at any time.</summary>
    Task CheckAsync();
}
