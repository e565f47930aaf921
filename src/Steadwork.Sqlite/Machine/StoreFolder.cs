using Steadwork.Machine;

namespace Steadwork.Sqlite.Machine;

/// <summary>The folder beside the database file where its processes meet: what their workers leave, doorbells, the lock of opening.</summary>
internal sealed class StoreFolder
{
    private readonly string path;
    private readonly bool isNew;

    public StoreFolder(string databasePath)
    {
        path = databasePath + "-workers";
        isNew = !Directory.Exists(path);
        Workers = new WorkerFolder(path);
    }

    public WorkerFolder Workers { get; }

    /// <summary>Held while the file is opened, recovered or migrated: one process at a time.</summary>
    public string OpeningLock => Path.Combine(path, "open.lock");

    /// <summary>What the locks are named after by which processes take turns in writing.</summary>
    public string Turns => Path.Combine(path, "write");

    public string Bells => WorkerFolder.Make(Path.Combine(path, "bells"));

    /// <summary>Takes back that it was made.</summary>
    public void RemoveIfNew()
    {
        if (isNew)
            Directory.Delete(path, recursive: true);
    }
}
