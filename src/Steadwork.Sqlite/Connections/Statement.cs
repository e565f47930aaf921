using System.Runtime.InteropServices;
using System.Text;
using SQLitePCL;
using Steadwork.Status;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>A prepared statement. Bind from 1, then <see cref="Read"/> rows or <see cref="Run"/>; both leave it ready for the next use.</summary>
internal sealed unsafe class Statement(Database database, sqlite3_stmt handle, string sql) : IDisposable
{
    private const int ShortText = 256;

    // Null once it is disposed: SQLite refuses that, where it would follow the number of a statement that is no more.
    private nint number = handle.DangerousGetHandle();

    // Which of the first parameters are not null, a bit each: a parameter keeps its value from one use to the next, and most are null for most jobs.
    private ulong given;

    public Statement Bind(int index, long value)
    {
        given |= BitOf(index);
        database.Check(NativeSqlite.BindNumber(number, index, value), sql);
        return this;
    }

    public Statement Bind(int index, long? value) => value is { } some ? Bind(index, some) : BindNull(index);

    public Statement Bind(int index, string? value)
    {
        if (value is null)
            return BindNull(index);
        var longest = Encoding.UTF8.GetMaxByteCount(value.Length);
        var utf8 = longest <= ShortText ? stackalloc byte[ShortText] : new byte[longest];
        return BindText(index, utf8[..Encoding.UTF8.GetBytes(value, utf8)]);
    }

    /// <summary>Binds UTF-8 text; empty means null.</summary>
    public Statement BindText(int index, ReadOnlyMemory<byte> utf8) => utf8.IsEmpty ? BindNull(index) : BindText(index, utf8.Span);

    private Statement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        given |= BitOf(index);
        // An empty one still has a place: without it SQLite would take it for null.
        fixed (byte* text = &MemoryMarshal.GetReference(utf8))
            database.Check(NativeSqlite.BindText(number, index, text, utf8.Length, NativeSqlite.Transient), sql);
        return this;
    }

    private Statement BindNull(int index)
    {
        var bit = BitOf(index);
        if (bit == 0 || (given & bit) != 0)
            database.Check(NativeSqlite.BindNull(number, index), sql);
        given &= ~bit;
        return this;
    }

    private static ulong BitOf(int index) => index < 64 ? 1UL << index : 0;

    /// <summary>Steps to the next row. After the last one, or an error, the statement is ready to be bound again.</summary>
    public bool Read()
    {
        var code = NativeSqlite.Step(number);
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
        var code = NativeSqlite.Step(number);
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
            NativeSqlite.Reset(number);
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
            NativeSqlite.Reset(number);
        }
    }

    private void End()
    {
        NativeSqlite.Reset(number);
        Telemetry.Statements.Add(1);
    }

    public bool IsNull(int column) => NativeSqlite.TypeOf(number, column) == SQLITE_NULL;

    public long Long(int column) => NativeSqlite.Number(number, column);

    public int Int(int column) => (int)Long(column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => Blob(column).ToArray();

    private ReadOnlySpan<byte> Blob(int column) => new(NativeSqlite.Bytes(number, column), NativeSqlite.Length(number, column));

    public void Dispose()
    {
        number = 0;
        handle.Dispose();
    }
}
