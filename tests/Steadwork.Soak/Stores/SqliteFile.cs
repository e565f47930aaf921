using Steadwork.Sqlite;
using Steadwork.Storage;

namespace Steadwork.Soak.Stores;

/// <summary>The file that the program uses by default in its folder.</summary>
public sealed class SqliteFile : IStorePlace
{
    private readonly string path = "";

    public string Folder { init => path = Path.Combine(value, "steadwork.db"); }

    public string Url => $"sqlite:{path}";

    public bool IsTaken => Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*").Any();

    public int Listeners => Directory.Exists(path + "-workers") ? Directory.EnumerateFiles(path + "-workers", "*.bell", SearchOption.AllDirectories).Count() : 0;

    public IStore Open() => SqliteStore.Open(path);

    public void Dispose() { }
}
