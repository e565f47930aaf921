using Steadwork.Sqlite.Connections;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite.Copying;

/// <summary>Reads the sections of a copy, on a connection of its own whose transaction sees one moment.</summary>
internal class StoreReader : ICopyReader
{
    private readonly Database database;

    public StoreReader(Database database) => this.database = database;

    /// <summary>Begins to read.</summary>
    public static StoreReader Begin(Database database)
    {
        database.Execute("BEGIN");
        return new StoreReader(database);
    }

    public IAsyncEnumerable<object?[]> ReadAsync(CopySection section, CancellationToken cancellationToken) => Rows(section, cancellationToken).ToAsyncEnumerable();

    private IEnumerable<object?[]> Rows(CopySection section, CancellationToken cancellationToken)
    {
        using var rows = database.Prepare(SqlText.Of("copied-" + section.Name));
        while (Next(rows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Row(rows, section.Columns);
        }
    }

    private bool Next(Statement rows)
    {
        try
        {
            return rows.Read();
        }
        catch (SqliteException error) when (error.IsEnvironmental)
        {
            throw Unavailable.Because(database.Path, error);
        }
    }

    private static object?[] Row(Statement row, IReadOnlyList<CopyColumn> columns)
    {
        var values = new object?[columns.Count];
        for (var index = 0; index < values.Length; index++)
        {
            if (!row.IsNull(index))
                values[index] = columns[index].Kind is CopyKind.Text or CopyKind.Names ? row.Text(index) : row.Long(index);
        }
        return values;
    }

    public ValueTask DisposeAsync()
    {
        if (database.InTransaction)
            database.Execute("ROLLBACK");
        database.Dispose();
        return ValueTask.CompletedTask;
    }
}
