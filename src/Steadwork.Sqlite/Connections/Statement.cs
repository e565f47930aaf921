using System.Text;
using SQLitePCL;
using Steadwork.Status;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>A prepared statement. Bind from 1, then <see cref="Read"/> rows or <see cref="Run"/>; both leave it ready for the next use.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle, string sql) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        sqlite3_bind_int64(handle, index, value);
        return this;
    }

    public Statement Bind(int index, long? value)
    {
        if (value is { } number)
            sqlite3_bind_int64(handle, index, number);
        else
            sqlite3_bind_null(handle, index);
        return this;
    }

    public Statement Bind(int index, string? value)
    {
        if (value is null)
            sqlite3_bind_null(handle, index);
        else
            database.Check(sqlite3_bind_text(handle, index, value), sql);
        return this;
    }

    /// <summary>Binds UTF-8 text; empty means null.</summary>
    public Statement BindText(int index, ReadOnlyMemory<byte> utf8)
    {
        if (utf8.IsEmpty)
            sqlite3_bind_null(handle, index);
        else
            database.Check(sqlite3_bind_text(handle, index, utf8.Span), sql);
        return this;
    }

    /// <summary>Steps to the next row. After the last one, or an error, the statement is ready to be bound again.</summary>
    public bool Read()
    {
        var code = sqlite3_step(handle);
        if (code == SQLITE_ROW)
            return true;
        End();
        database.Check(code, sql);
        return false;
    }

    /// <summary>Runs one that yields no rows.</summary>
    /// <returns>SQLite's code.</returns>
    public int Finish()
    {
        var code = sqlite3_step(handle);
        End();
        return code;
    }

    /// <summary>Runs it to its end and drops the rows that it yields.</summary>
    public void Run()
    {
        while (Read()) { }
    }

    /// <summary>Reads the first row and leaves out the others.</summary>
    public T? First<T>(Func<Statement, T> row)
    {
        if (!Read())
            return default;
        try
        {
            return row(this);
        }
        finally
        {
            End();
        }
    }

    public List<T> All<T>(Func<Statement, T> row)
    {
        var rows = new List<T>();
        try
        {
            while (Read())
                rows.Add(row(this));
            return rows;
        }
        finally
        {
            // Rows that a failing reader left unread would keep a snapshot, and with it the log, pinned.
            sqlite3_reset(handle);
        }
    }

    /// <summary>Reads rows for as long as it is answered that it goes on.</summary>
    public void Each(Func<Statement, bool> goesOn)
    {
        try
        {
            while (Read() && goesOn(this)) { }
        }
        finally
        {
            sqlite3_reset(handle);
        }
    }

    private void End()
    {
        sqlite3_reset(handle);
        Telemetry.Statements.Add(1);
    }

    public bool IsNull(int column) => sqlite3_column_type(handle, column) == SQLITE_NULL;

    public long Long(int column) => sqlite3_column_int64(handle, column);

    public int Int(int column) => sqlite3_column_int(handle, column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string Text(int column) => Encoding.UTF8.GetString(sqlite3_column_blob(handle, column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => sqlite3_column_blob(handle, column).ToArray();

    public void Dispose() => handle.Dispose();
}
