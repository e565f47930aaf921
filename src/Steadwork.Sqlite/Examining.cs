using System.Globalization;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite;

/// <summary>Looks for what slows a store in a file down, or endangers it.</summary>
internal static class Examining
{
    private const long LongLog = 64L << 20;
    private const int FindingsShown = 3;

    public static IReadOnlyList<Finding> Examine(string path, Database database, SqliteStoreOptions options) =>
        [Integrity(database), Indexes(database), Durability(options), Log(path), Room(path)];

    private static Finding Integrity(Database database)
    {
        using var check = database.Prepare("PRAGMA quick_check");
        var complaints = check.All(row => row.Text(0));
        return complaints is ["ok"]
            ? new("integrity", FindingLevel.Pass, "The file is whole.")
            : new("integrity", FindingLevel.Fail, $"The file is damaged: {string.Join("; ", complaints.Take(FindingsShown))}. Restore a backup.");
    }

    private static Finding Indexes(Database database)
    {
        using var list = database.Prepare("SELECT name FROM sqlite_schema WHERE type = 'index'");
        string[] missing = [.. Opening.Indexes.Except(list.All(row => row.Text(0)))];
        return missing.Length == 0
            ? new("indexes", FindingLevel.Pass, "All indexes are there.")
            : new("indexes", FindingLevel.Fail, $"Missing: {string.Join(", ", missing)}. Make them again as the migrations do; without them claims scan.");
    }

    private static Finding Durability(SqliteStoreOptions options) => options.Synchronous is Synchronous.Full
        ? new("durability", FindingLevel.Pass, "What is acknowledged is on disk (synchronous = FULL).")
        : new("durability", FindingLevel.Warn, "synchronous is NORMAL: a power cut may lose the last commits.");

    /// <summary>The log is a file beside the database, which no lock depends on.</summary>
    private static Finding Log(string path)
    {
        var log = new FileInfo(path + "-wal");
        return log is not { Exists: true, Length: > LongLog }
            ? new("log", FindingLevel.Pass, "The write-ahead log is short.")
            : new("log", FindingLevel.Warn, string.Create(CultureInfo.InvariantCulture, $"The write-ahead log has {log.Length >> 20:N0} MiB: a reader that has been open for long keeps it from being moved into the file."));
    }

    private static Finding Room(string path)
    {
        var free = new DriveInfo(System.IO.Path.GetDirectoryName(path)!).AvailableFreeSpace;
        var size = new FileInfo(path).Length;
        var text = string.Create(CultureInfo.InvariantCulture, $"{free >> 20:N0} MiB are free beside a file of {size >> 20:N0} MiB");
        return free > size / 10 && free > LongLog
            ? new("room", FindingLevel.Pass, text + ".")
            : new("room", FindingLevel.Warn, text + "; when the disk is full, nothing can be enqueued or ended.");
    }
}
