using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Benching;

/// <summary>What a store has cost.</summary>
/// <param name="Transactions">How many transactions have written to it.</param>
/// <param name="Written">How many bytes have been written to the disk, or to the server's log; NaN where nothing tells.</param>
internal readonly record struct Effort(double Transactions, double Written);

/// <summary>Where it is measured: on the disk, or on the server, of a store, and never in that store itself.</summary>
internal abstract class Place : IAsyncDisposable
{
    private int stores;

    /// <summary>The place beside a store.</summary>
    public static Place Beside(StoreUrl store) => store.File is { } file
        ? FolderPlace.In(Path.GetDirectoryName(file)!, store.Synchronous)
        : new ServerPlace(store.ToString());

    /// <summary>What it is, for people.</summary>
    public abstract string Name { get; }

    /// <summary>The same without where it is.</summary>
    public abstract string Kind { get; }

    /// <summary>Where <see cref="Effort.Written"/> goes to, for people.</summary>
    public abstract string WrittenTo { get; }

    /// <summary>A store that is not there yet.</summary>
    /// <param name="isKept">Whether it stays until all is over.</param>
    public StoreUrl NextStore(bool isKept = false) => StoreUrl.Parse(Url(++stores, isKept));

    /// <summary>Measures on a floor with empty tables.</summary>
    public async Task<T> OnFloorAsync<T>(Func<IFloor, Task<T>> measure)
    {
        var floor = await FloorAsync(++stores).ConfigureAwait(false);
        await using (floor.ConfigureAwait(false))
        {
            await floor.EnqueueOneAsync(1).ConfigureAwait(false);
            return await measure(floor).ConfigureAwait(false);
        }
    }

    /// <summary>What a store has cost so far.</summary>
    public abstract Task<Effort> EffortAsync(StoreUrl store);

    /// <summary>How many transactions, those that only read included, have ended on the server; NaN where there is none.</summary>
    public virtual Task<double> TransactionsEndedAsync() => Task.FromResult(double.NaN);

    /// <summary>Fills a store, in which one job has succeeded, with copies of that one. By plain statements: to run so many takes minutes.</summary>
    public abstract Task RepeatFinishedAsync(StoreUrl store, int jobs);

    protected abstract string Url(int number, bool isKept);

    protected abstract Task<IFloor> FloorAsync(int number);

    /// <summary>Removes all that was made and is not kept: what is left behind would be vacuumed, and written to the disk, while the next one is measured.</summary>
    /// <param name="all">Removes what is kept as well.</param>
    public abstract Task ClearAsync(bool all = false);

    public virtual async ValueTask DisposeAsync() => await ClearAsync(all: true).ConfigureAwait(false);
}
