using Steadwork.Cli.Shell;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.Cli.Benching;

/// <summary>Where it is measured: on the disk, or on the server, of a store, and never in that store itself.</summary>
internal abstract class Place : IAsyncDisposable
{
    private int stores;

    /// <summary>The place beside a store.</summary>
    public static Place Beside(StoreUrl store) => ConnectionUrl.IsUrl(store.ToString())
        ? new ServerPlace(store.ToString())
        : FolderPlace.In(Path.GetDirectoryName(store.ToString()["sqlite:".Length..])!);

    /// <summary>What it is, for people.</summary>
    public abstract string Name { get; }

    /// <summary>A store that is not there yet.</summary>
    public StoreUrl NextStore() => StoreUrl.Parse(Url(++stores));

    /// <summary>A floor with empty tables.</summary>
    public Task<IFloor> NextFloorAsync() => FloorAsync(++stores);

    protected abstract string Url(int number);

    protected abstract Task<IFloor> FloorAsync(int number);

    /// <summary>Removes all that was made: what is left behind would be vacuumed, and written to the disk, while the next one is measured.</summary>
    public abstract Task ClearAsync();

    public virtual async ValueTask DisposeAsync() => await ClearAsync().ConfigureAwait(false);

    /// <summary>A folder of its own, which goes when it is over.</summary>
    private sealed class FolderPlace(string parent, DirectoryInfo folder) : Place
    {
        public static FolderPlace In(string parent)
        {
            if (!Directory.Exists(parent))
                throw new StoreUnavailableException($"There is no directory '{parent}' to measure in; make it first, or give another {GlobalOptions.StoreName}.");
            try
            {
                return new FolderPlace(parent, Directory.CreateDirectory(Path.Combine(parent, $"steadwork-bench-{Path.GetRandomFileName()}")));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new StoreUnavailableException($"Nothing can be measured in '{parent}': {error.Message}", error);
            }
        }

        public override string Name => $"SQLite in {parent}";

        protected override string Url(int number) => $"sqlite:{Path.Combine(folder.FullName, $"{number}.db")}";

        protected override Task<IFloor> FloorAsync(int number) => Task.FromResult<IFloor>(new SqliteFloor(Path.Combine(folder.FullName, $"{number}.db")));

        public override Task ClearAsync()
        {
            foreach (var entry in folder.GetFileSystemInfos())
            {
                if (entry is DirectoryInfo inner)
                    inner.Delete(recursive: true);
                else
                    entry.Delete();
            }
            return Task.CompletedTask;
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync().ConfigureAwait(false);
            folder.Delete();
        }
    }
}
