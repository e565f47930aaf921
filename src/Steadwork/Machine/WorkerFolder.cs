using System.Globalization;

namespace Steadwork.Machine;

/// <summary>
/// A folder in which the workers of one store and machine leave what must outlive them for a moment: a lock that dies with
/// them, marks of the jobs that had begun, the process groups of their programs. Nothing in it is worth keeping once no
/// process is alive.
/// </summary>
internal sealed class WorkerFolder
{
    private const int MostTries = 100;
    private readonly string path;

    public WorkerFolder(string path)
    {
        this.path = path;
        MakeFirst(() => path);
    }

    public string LockOf(WorkerId worker) => Path.Combine(path, $"{worker}.lock");

    public string MarksOf(WorkerId worker) => Path.Combine(path, $"{worker}.marks");

    public string ProgramsOf(WorkerId worker) => Path.Combine(path, $"{worker}.programs");

    /// <summary>The workers that have a lock file, held or not.</summary>
    public IReadOnlyList<WorkerId> Workers()
    {
        try
        {
            return [..
                from file in Directory.EnumerateFiles(path, "*.lock")
                let name = Path.GetFileNameWithoutExtension(file)
                where long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                select new WorkerId(long.Parse(name, CultureInfo.InvariantCulture))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Makes a worker's first file. Whoever left the folder last may have removed it, or do so at this moment.</summary>
    public T MakeFirst<T>(Func<T> make)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                Make(path);
                return make();
            }
            catch (IOException) when (tries < MostTries)
            {
                // Which one it is depends on whether others have made the folder again when the runtime looks for what is missing.
            }
        }
    }

    /// <summary>Removes what a worker has left; its lock last, by which it is found.</summary>
    public void Remove(WorkerId worker)
    {
        try
        {
            File.Delete(ProgramsOf(worker));
            File.Delete(MarksOf(worker));
            File.Delete(LockOf(worker));
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was left, and whoever saw that has removed the folder.
        }
    }

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
        foreach (var worker in Workers())
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
