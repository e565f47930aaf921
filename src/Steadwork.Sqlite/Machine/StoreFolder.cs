using System.Globalization;

namespace Steadwork.Sqlite.Machine;

/// <summary>
/// The folder beside the database file where its processes meet: locks that die with them, marks of what they had
/// begun, doorbells. Nothing in it is worth keeping once no process is alive.
/// </summary>
internal sealed class StoreFolder
{
    private readonly string path;
    private readonly bool isNew;

    public StoreFolder(string databasePath)
    {
        path = databasePath + "-workers";
        isNew = !Directory.Exists(path);
        Make(path);
    }

    /// <summary>Held while the file is opened, recovered or migrated: one process at a time.</summary>
    public string OpeningLock => Path.Combine(path, "open.lock");

    public string Bells => Make(Path.Combine(path, "bells"));

    public string LockOf(WorkerId worker) => Path.Combine(path, $"{worker}.lock");

    public string MarksOf(WorkerId worker) => Path.Combine(path, $"{worker}.marks");

    /// <summary>The workers that have a lock file, held or not.</summary>
    public IEnumerable<WorkerId> Workers() =>
        from file in Directory.EnumerateFiles(path, "*.lock")
        let name = Path.GetFileNameWithoutExtension(file)
        where long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        select new WorkerId(long.Parse(name, CultureInfo.InvariantCulture));

    /// <summary>Removes what workers have left.</summary>
    public void Clear()
    {
        foreach (var worker in Workers().ToList())
        {
            File.Delete(LockOf(worker));
            File.Delete(MarksOf(worker));
        }
    }

    /// <summary>Takes back that it was made.</summary>
    public void RemoveIfNew()
    {
        if (isNew)
            Directory.Delete(path, recursive: true);
    }

    private static string Make(string folder)
    {
        if (Directory.Exists(folder))
            return folder;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
