using SQLitePCL;
using Steadwork.Storage;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>One connection, used by one thread at a time, with its prepared statements.</summary>
internal sealed class Database : IDisposable
{
    private static readonly TimeSpan OpeningPatience = TimeSpan.FromSeconds(60);
    private readonly sqlite3 handle;
    private readonly Dictionary<string, Statement> statements = [];
    private readonly Dictionary<(string Name, int Rows), Statement> repeated = [];
    private readonly bool borrowed;
    private Statement? begin, commit;

    static Database()
    {
        Batteries_V2.Init();
        NativeSqlite.Find();
        // Nobody asks SQLite how much memory it uses, and to count it takes a lock for every piece. Too late where the program has used SQLite before.
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    }

    /// <param name="path">The database file.</param>
    /// <param name="synchronous">The <c>PRAGMA synchronous</c> of the connection.</param>
    /// <param name="busyTimeout">How long a statement waits for a lock, by SQLite's own sleep ladder; zero where the caller waits better.</param>
    public Database(string path, Synchronous synchronous, TimeSpan busyTimeout)
    {
        Path = path;
        var code = sqlite3_open_v2(path, out handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, null);
        if (code != SQLITE_OK)
        {
            var error = new SqliteException(handle, code, "open");
            handle.Dispose();
            throw new StoreUnavailableException($"The store '{path}' cannot be opened: {error.Message}.", error);
        }
        sqlite3_extended_result_codes(handle, 1);

        // SQLite before 3.51.3 can corrupt the file when a checkpoint meets a WAL reset; ours run under the write lock, so none may run by itself.
        // https://sqlite.org/wal.html#walresetbug
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
        // The first look at the file may meet another connection that recovers the log after a crash: no caller's own wait covers that.
        Execute($"PRAGMA busy_timeout = {(int)OpeningPatience.TotalMilliseconds}");
        Execute("PRAGMA wal_autocheckpoint = 0");
        Execute($"PRAGMA synchronous = {synchronous}");
        Execute("PRAGMA foreign_keys = ON");
        Execute("PRAGMA temp_store = MEMORY");
        Execute("PRAGMA cache_size = -16384");
        Execute($"PRAGMA busy_timeout = {(int)busyTimeout.TotalMilliseconds}");
    }

    private Database(string path, sqlite3 handle) => (Path, this.handle, borrowed) = (path, handle, true);

    /// <summary>Somebody else's connection, which stays open and as it is; only the statements are ours.</summary>
    public static Database Borrow(string path, sqlite3 handle) => new(path, handle);

    public string Path { get; }

    public long LastInsertedId => sqlite3_last_insert_rowid(handle);

    public int Changes => sqlite3_changes(handle);

    /// <summary>The named statement, ready to be bound. It is prepared once and kept.</summary>
    public Statement this[string name] =>
        statements.TryGetValue(name, out var statement) ? statement : statements[name] = Prepare(SqlText.Of(name));

    /// <summary>The named <c>INSERT</c> of one row made into one of several that differ in one parameter alone: it has that number in the first row, and the next ones in the others.</summary>
    public Statement Repeated(string name, int rows, int parameter)
    {
        var key = (name, rows);
        if (!repeated.TryGetValue(key, out var statement))
        {
            var parts = SqlText.Of(name).TrimEnd(';').Split("VALUES ");
            var all = Enumerable.Range(parameter, rows).Select(number => parts[1].Replace($"?{parameter},", $"?{number},", StringComparison.Ordinal));
            statement = repeated[key] = Prepare($"{parts[0]}VALUES {string.Join(", ", all)}");
        }
        return statement;
    }

    public Statement Prepare(string sql)
    {
        Check(sqlite3_prepare_v3(handle, sql, SQLITE_PREPARE_PERSISTENT, out var prepared), sql);
        return new Statement(this, prepared, sql);
    }

    public void Execute(string sql)
    {
        var code = sqlite3_exec(handle, sql);
        if (code != SQLITE_OK)
            throw new SqliteException(handle, code, sql);
    }

    public long ReadNumber(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Read() ? statement.Long(0) : 0;
    }

    /// <summary>Tries to begin a write transaction.</summary>
    /// <returns>False when another connection is writing.</returns>
    public bool TryBegin()
    {
        var code = (begin ??= Prepare("BEGIN IMMEDIATE")).Finish();
        return code == SQLITE_DONE || ((code & 0xFF) == SQLITE_BUSY ? false : throw new SqliteException(handle, code, "BEGIN IMMEDIATE"));
    }

    public void Commit() => (commit ??= Prepare("COMMIT")).Run();

    public bool InTransaction => sqlite3_get_autocommit(handle) == 0;

    /// <summary>Pages that this connection has written into the WAL since it was last asked.</summary>
    public int TakePagesWritten()
    {
        sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, 1);
        return pages;
    }

    public void Checkpoint() => sqlite3_wal_checkpoint_v2(handle, null, SQLITE_CHECKPOINT_PASSIVE, out _, out _);

    public void Check(int code, string sql)
    {
        if (code is not (SQLITE_OK or SQLITE_ROW or SQLITE_DONE))
            throw new SqliteException(handle, code, sql);
    }

    public void Dispose()
    {
        foreach (var statement in statements.Values.Concat(repeated.Values))
            statement.Dispose();
        begin?.Dispose();
        commit?.Dispose();
        if (!borrowed)
            handle.Dispose();
    }

    private const int SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE = 1006;
    private const int SQLITE_CONFIG_MEMSTATUS = 9;
    private const int SQLITE_DBSTATUS_CACHE_WRITE = 9;
    private const uint SQLITE_PREPARE_PERSISTENT = 1;
}
