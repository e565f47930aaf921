namespace Steadwork.Storage.Copying;

/// <summary>
/// A store that can be moved to another one, of its own kind or of another: it is retired, what runs in it ends, and what it
/// holds is read out in a form that every store can be filled with.
/// </summary>
public interface ICopyableStore
{
    /// <summary>Where it is, for people; no password.</summary>
    string Place { get; }

    /// <summary>Why it takes no more work; null while it does.</summary>
    Task<Retirement?> RetirementAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes the store out of service. From then on jobs are neither taken in nor handed out, no worker starts, and nothing
    /// that does not run is changed: all of that is refused with a <see cref="StoreRetiredException"/>, save that a claim
    /// gives nothing. What runs goes on to its end, can be cancelled, and is recovered when its worker dies.
    /// </summary>
    /// <param name="retirement">Why; it takes the place of what was said before.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task RetireAsync(Retirement retirement, CancellationToken cancellationToken);

    /// <summary>Takes the store back into service.</summary>
    Task ReopenAsync(CancellationToken cancellationToken);

    /// <summary>Asks a retired store what is still under way in it. When that is nothing, its workers are signed off, and from then on it does not change.</summary>
    Task<UnderWay> SettleDownAsync(CancellationToken cancellationToken);

    /// <summary>Begins to read what the store holds, as it is at this moment.</summary>
    Task<ICopyReader> ReadOutAsync(CancellationToken cancellationToken);

    /// <summary>Begins to fill the store, in one transaction: until that is committed it holds what it held before, and if it never is, nothing else.</summary>
    /// <exception cref="StoreUnavailableException">Others are writing into it.</exception>
    Task<ICopyWriter> FillAsync(CancellationToken cancellationToken);
}

/// <summary>What is still to end in a retired store.</summary>
/// <param name="Jobs">How many jobs run.</param>
/// <param name="Transactions">Whether a transaction that began before may still enqueue or claim.</param>
public readonly record struct UnderWay(long Jobs, bool Transactions)
{
    /// <summary>Whether that is nothing.</summary>
    public bool IsNothing => Jobs == 0 && !Transactions;
}

/// <summary>What a store holds, section by section.</summary>
public interface ICopyReader : IAsyncDisposable
{
    /// <summary>The rows of a section in the order that it defines; numbers, flags and times as <see cref="long"/>, the rest as <see cref="string"/>, or null.</summary>
    IAsyncEnumerable<object?[]> ReadAsync(CopySection section, CancellationToken cancellationToken);
}

/// <summary>A store that is being filled. What has been written can be read back; unless it is committed, disposal takes it back.</summary>
public interface ICopyWriter : ICopyReader
{
    /// <summary>Writes rows of a section. Sections come in the order of <see cref="CopySection.All"/>, rows in that of their section.</summary>
    Task WriteAsync(CopySection section, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken);

    /// <summary>Makes it last.</summary>
    Task CommitAsync();
}
