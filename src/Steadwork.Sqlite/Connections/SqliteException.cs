using SQLitePCL;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>An error of the database itself.</summary>
internal sealed class SqliteException : Exception
{
    public SqliteException(sqlite3 handle, int code, string sql)
        : base($"{sqlite3_errmsg(handle).utf8_to_string()} (SQLite {sqlite3_extended_errcode(handle)})")
    {
        Code = code & 0xFF;
        Sql = sql;
    }

    public int Code { get; }

    public string Sql { get; }

    /// <summary>Whether the file, the disk or the rights are at fault rather than the request.</summary>
    public bool IsEnvironmental => Code is SQLITE_IOERR or SQLITE_FULL or SQLITE_CANTOPEN or SQLITE_READONLY or SQLITE_CORRUPT or SQLITE_NOTADB or SQLITE_BUSY or SQLITE_NOMEM or SQLITE_PERM or SQLITE_AUTH;
}
