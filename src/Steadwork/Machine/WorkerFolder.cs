using System.Globalization;

namespace Steadwork.Machine;

/// <summary>
/// A folder in which the workers of one store and machine leave what must outlive them for a moment: a lock that dies with
/// them, marks of the jobs that had begun, the process groups of their programs. Nothing in it is worth keeping once no
/// process is alive.
/// </summary>
internal sealed class WorkerFolder
{
    private readonly string path;

    public WorkerFolder(string path) => this.path = Make(path);

    public string LockOf(WorkerId worker) => Path.Combine(path, $"{worker}.lock");

    public string MarksOf(WorkerId worker) => Path.Combine(path, $"{worker}.marks");

    public string ProgramsOf(WorkerId worker) => Path.Combine(path, $"{worker}.programs");

    /// <summary>The workers that have a lock file, held or not.</summary>
    public IEnumerable<WorkerId> Workers() =>
        from file in Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.lock") : []
        let name = Path.GetFileNameWithoutExtension(file)
        where long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        select new WorkerId(long.Parse(name, CultureInfo.InvariantCulture));

    /// <summary>Removes what a worker has left; its lock last, by which it is found.</summary>
    public void Remove(WorkerId worker)
    {
        File.Delete(ProgramsOf(worker));
        File.Delete(MarksOf(worker));
        File.Delete(LockOf(worker));
    }

    /// <summary>Makes sure that it is there: whoever left it last may have removed it.</summary>
    public void Ensure() => Make(path);

    /// <summary>Removes it if nobody has left anything.</summary>
    public void RemoveIfEmpty()
    {
        try
        {
            Directory.Delete(path);
        }
        catch (IOException)
        {
            // Others are in it, or have removed it.
        }
    }

    /// <summary>Removes what all workers have left.</summary>
    public void Clear()
    {
        foreach (var worker in Workers().ToList())
            Remove(worker);
    }

    /// <summary>Makes a folder that only its owner may enter.</summary>
    public static string Make(string folder)
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
