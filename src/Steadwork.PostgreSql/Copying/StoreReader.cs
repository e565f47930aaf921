using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Copying;

/// <summary>Reads the sections of a copy, on a connection of its own, in one transaction.</summary>
internal class StoreReader(Database database, NpgsqlConnection connection, NpgsqlTransaction transaction) : ICopyReader
{
    protected NpgsqlTransaction Transaction => transaction;

    public async IAsyncEnumerable<object?[]> ReadAsync(CopySection section, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var command = Command("copied-" + section.Name);
        await using (command.ConfigureAwait(false))
        {
            var rows = await TryAsync(() => command.ExecuteReaderAsync(cancellationToken)).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
            {
                while (await TryAsync(() => rows.ReadAsync(cancellationToken)).ConfigureAwait(false))
                    yield return Row(rows, section.Columns);
            }
        }
    }

    /// <summary>Asks the server for something; its errors, and those of the way to it, are told as people can read them.</summary>
    protected async Task<T> TryAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception error) when (Unavailable.IsEnvironmental(error) && error is not OperationCanceledException)
        {
            throw Unavailable.Because(database.Place, error);
        }
    }

    /// <summary>A statement of the copy, which may take as long as there are rows.</summary>
    protected NpgsqlCommand Command(string name) => new(database.Text(name), connection, transaction) { CommandTimeout = 0 };

    private static object?[] Row(DbDataReader row, IReadOnlyList<CopyColumn> columns)
    {
        var values = new object?[columns.Count];
        for (var index = 0; index < values.Length; index++)
        {
            if (!row.IsDBNull(index))
                values[index] = Value(row, index, columns[index].Kind);
        }
        return values;
    }

    private static object Value(DbDataReader row, int column, CopyKind kind) => kind switch
    {
        CopyKind.Number => Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture),
        CopyKind.Flag => row.Bool(column) ? 1L : 0L,
        CopyKind.Time => row.Time(column).ToUnixTimeMilliseconds(),
        // The server writes JSON in a way of its own.
        CopyKind.Names => Encoding.UTF8.GetString(TagsJson.Write(TagsJson.Read(row.Text(column))).Span),
        _ => row.Text(column),
    };

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }
}
