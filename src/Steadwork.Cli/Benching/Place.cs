using Steadwork.Cli.Shell;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.Cli.Benching;

/// <summary>Where it is measured: on the disk, or on the server, of a store, and never in that store itself.</summary>
internal abstract class Place : IAsyncDisposable
{
    private int stores;

    /// <summary>The place beside a store.</summary>
    public static Place Beside(StoreUrl store) => ConnectionUrl.IsUrl(store.ToString())
        ? new ServerPlace(store.ToString())
        : new FolderPlace(Path.GetDirectoryName(store.ToString()["sqlite:".Length..])!);

    /// <summary>What it is, for people.</summary>
    public abstract string Name { get; }

    /// <summary>A store that is not there yet.</summary>
    public StoreUrl NextStore() => StoreUrl.Parse(Url(++stores));

    /// <summary>A floor with empty tables.</summary>
    public Task<IFloor> NextFloorAsync() => FloorAsync(++stores);

    protected abstract string Url(int number);

    protected abstract Task<IFloor> FloorAsync(int number);

    public abstract ValueTask DisposeAsync();

    /// <summary>A folder of its own, which goes when it is over.</summary>
    private sealed class FolderPlace(string parent) : Place
    {
        private readonly DirectoryInfo folder = Directory.CreateDirectory(Path.Combine(parent, $"steadwork-bench-{Path.GetRandomFileName()}"));

        public override string Name => $"SQLite in {parent}";

        protected override string Url(int number) => $"sqlite:{Path.Combine(folder.FullName, $"{number}.db")}";

        protected override Task<IFloor> FloorAsync(int number) => Task.FromResult<IFloor>(new SqliteFloor(Path.Combine(folder.FullName, $"{number}.db")));

        public override ValueTask DisposeAsync()
        {
            folder.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
