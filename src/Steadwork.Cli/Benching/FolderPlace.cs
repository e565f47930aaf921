using System.Globalization;
using Steadwork.Cli.Programs;
using Steadwork.Cli.Shell;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Cli.Benching;

/// <summary>A folder of its own, which goes when it is over.</summary>
internal sealed class FolderPlace(string parent, DirectoryInfo folder, Synchronous synchronous) : Place
{
    private const string Kept = "kept-";
    private const int RowsATransaction = 200_000;
    // In the head of the file by which the processes that use a database share its log: how many transactions have written to it.
    private const int TransactionsAt = 8;
    // Kept open while the store is: to close any of a file's descriptors lets go of all locks that this process has on it, and with them of what keeps others from emptying it.
    private readonly List<FileStream> heads = [];

    public static FolderPlace In(string parent, Synchronous synchronous)
    {
        if (!Directory.Exists(parent))
            throw new StoreUnavailableException($"There is no directory '{parent}' to measure in; make it first, or give another {GlobalOptions.StoreName}.");
        try
        {
            return new FolderPlace(parent, Directory.CreateDirectory(Path.Combine(parent, $"steadwork-bench-{Path.GetRandomFileName()}")), synchronous);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"Nothing can be measured in '{parent}': {error.Message}", error);
        }
    }

    public override string Name => $"{Kind}, in {parent}";

    public override string Kind => $"SQLite, synchronous={synchronous.ToString().ToUpperInvariant()}";

    public override string WrittenTo => "the disk";

    protected override string Url(int number, bool isKept) => StoreUrl.OfFile(Path.Combine(folder.FullName, $"{(isKept ? Kept : "")}{number}.db"), synchronous).ToString();

    protected override Task<IFloor> FloorAsync(int number) => Task.FromResult<IFloor>(new SqliteFloor(Path.Combine(folder.FullName, $"{number}.db"), synchronous));

    public override async Task<Effort> EffortAsync(StoreUrl store)
    {
        var head = new FileStream(store.File + "-shm", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        heads.Add(head);
        head.Position = TransactionsAt;
        var number = new byte[sizeof(uint)];
        await head.ReadExactlyAsync(number).ConfigureAwait(false);
        return new Effort(BitConverter.ToUInt32(number), WrittenByThisProcess());
    }

    private static double WrittenByThisProcess()
    {
        const string input = "/proc/self/io", field = "write_bytes: ";
        return File.Exists(input) && File.ReadLines(input).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is { } line
            ? double.Parse(line.AsSpan(field.Length), CultureInfo.InvariantCulture)
            : double.NaN;
    }

    public override Task RepeatFinishedAsync(StoreUrl store, int jobs)
    {
        using var database = new Database(store.File!, Synchronous.Normal, TimeSpan.FromSeconds(10));
        using var all = database.Prepare("SELECT group_concat(name) FROM pragma_table_info('jobs') WHERE name <> 'id'");
        var columns = all.All(row => row.Text(0))[0];
        using var copy = database.Prepare($"""
            INSERT INTO jobs ({columns})
            WITH RECURSIVE count (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM count WHERE number < ?1)
            SELECT {columns} FROM count, (SELECT {columns} FROM jobs WHERE id = (SELECT min(id) FROM jobs WHERE state = 'succeeded'))
            """);
        for (var left = jobs; left > 0; left -= RowsATransaction)
        {
            database.Execute("BEGIN IMMEDIATE");
            copy.Bind(1, Math.Min(left, RowsATransaction)).Run();
            database.Execute("COMMIT");
            database.Execute("PRAGMA wal_checkpoint(RESTART)");
        }
        database.Execute($"UPDATE lanes SET succeeded = succeeded + {jobs.ToString(CultureInfo.InvariantCulture)} WHERE id = (SELECT min(lane) FROM jobs)");
        return Task.CompletedTask;
    }

    public override Task ClearAsync(bool all = false)
    {
        heads.ForEach(head => head.Dispose());
        heads.Clear();
        foreach (var entry in folder.GetFileSystemInfos().Where(entry => all || !entry.Name.StartsWith(Kept, StringComparison.Ordinal)))
        {
            if (entry is DirectoryInfo inner)
                inner.Delete(recursive: true);
            else
                entry.Delete();
        }
        // The kernel would else write down what was written and removed while the next one waits for the disk.
        if (!OperatingSystem.IsWindows())
            Libc.Sync();
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        folder.Delete();
    }
}
