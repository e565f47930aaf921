using System.Globalization;
using Steadwork.Machine;
using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Machine;
using Steadwork.Storage;

namespace Steadwork.Sqlite;

/// <summary>Makes, recognises and migrates the file, one process at a time.</summary>
internal static class Opening
{
    /// <summary>"Sted": marks the file as ours for anything that reads <c>PRAGMA application_id</c>.</summary>
    private const long ApplicationId = 0x53746564;

    private static readonly string[] Migrations = ["0001-jobs.sql"];

    /// <summary>The version of a store that this program writes.</summary>
    public static int CurrentVersion => Migrations.Length;

    /// <summary>The indexes that must be there.</summary>
    public static IReadOnlyList<string> Indexes => Migrated.Indexes(Migrations.Select(SqlText.Migration));

    /// <param name="path">The database file.</param>
    /// <param name="folder">Where its processes meet.</param>
    /// <param name="connect">Makes the lasting connections.</param>
    public static T Open<T>(string path, StoreFolder folder, Func<T> connect)
    {
        // The first connection recovers the log, and a migration must run once: both under a lock that all processes know.
        // It is held until the lasting connections are there: were there none for a moment, the next one would recover again.
        using var alone = FileLock.Take(folder.OpeningLock);
        if (!File.Exists(path))
        {
            // Locks and marks of a deleted store would be taken for those of the new one's workers, which are numbered from 1 again.
            folder.Workers.Clear();
            MakeFile(path);
        }
        try
        {
            using var database = new Database(path, Synchronous.Full, TimeSpan.FromSeconds(60));
            Recognise(path, database);
            database.Execute("PRAGMA journal_mode = WAL");
            Migrate(path, database);
            return connect();
        }
        catch (SqliteException error)
        {
            throw Unavailable.Because(path, error);
        }
    }

    /// <summary>Made before SQLite opens it, so that it never exists with wider rights; SQLite gives its log and index the same.</summary>
    private static void MakeFile(string path)
    {
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(path, file).Dispose();
    }

    private static void Recognise(string path, Database database)
    {
        var tables = database.ReadNumber("SELECT count(*) FROM sqlite_schema");
        if (tables > 0 && database.ReadNumber("PRAGMA application_id") != ApplicationId)
            throw new StoreUnavailableException($"The file '{path}' is a SQLite database, but not a Steadwork store; give another path.");
        var version = database.ReadNumber("PRAGMA user_version");
        if (version > CurrentVersion)
            throw new StoreUnavailableException($"The store '{path}' has schema version {version}; this program knows versions up to {CurrentVersion}. Use a newer Steadwork.");
    }

    private static void Migrate(string path, Database database)
    {
        for (var version = (int)database.ReadNumber("PRAGMA user_version"); version < CurrentVersion; version++)
        {
            if (!database.TryBegin())
                throw new StoreUnavailableException($"The store '{path}' is locked by another program and cannot be migrated to schema version {version + 1}.");
            database.Execute(SqlText.Migration(Migrations[version]));
            database.Execute($"PRAGMA application_id = {ApplicationId.ToString(CultureInfo.InvariantCulture)}");
            database.Execute($"PRAGMA user_version = {(version + 1).ToString(CultureInfo.InvariantCulture)}");
            database.Commit();
        }
    }
}
