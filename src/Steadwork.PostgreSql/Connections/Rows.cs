using System.Data.Common;

namespace Steadwork.PostgreSql.Connections;

/// <summary>Reads columns, and rows.</summary>
internal static class Rows
{
    /// <summary>All rows of the present answer.</summary>
    public static async Task<List<T>> AllAsync<T>(this DbDataReader reader, Func<DbDataReader, T> row)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync().ConfigureAwait(false))
            rows.Add(row(reader));
        return rows;
    }

    /// <summary>The first row of the present answer; the default when it has none.</summary>
    public static async Task<T?> FirstAsync<T>(this DbDataReader reader, Func<DbDataReader, T> row) =>
        await reader.ReadAsync().ConfigureAwait(false) ? row(reader) : default;

    /// <summary>Goes on to the answer of the next statement that has one.</summary>
    public static async Task<DbDataReader> NextAsync(this DbDataReader reader) =>
        await reader.NextResultAsync().ConfigureAwait(false) ? reader : throw new InvalidOperationException("The server has answered fewer statements than were asked.");

    public static long Long(this DbDataReader row, int column) => row.GetInt64(column);

    public static int Int(this DbDataReader row, int column) => row.GetInt32(column);

    public static bool Bool(this DbDataReader row, int column) => row.GetBoolean(column);

    public static string Text(this DbDataReader row, int column) => row.GetString(column);

    public static string? TextOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static long? LongOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    /// <summary>Text as UTF-8; empty when it is null.</summary>
    public static ReadOnlyMemory<byte> Utf8(this DbDataReader row, int column) => row.IsDBNull(column) ? default : row.GetFieldValue<byte[]>(column);

    /// <summary>Not by DateTime, which is a local one in a program that has asked Npgsql for its old behaviour.</summary>
    public static DateTimeOffset Time(this DbDataReader row, int column) => row.GetFieldValue<DateTimeOffset>(column).ToUniversalTime();

    public static DateTimeOffset? TimeOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    public static TimeSpan? MillisecondsOrNull(this DbDataReader row, int column) => row.LongOrNull(column) is { } number ? TimeSpan.FromMilliseconds(number) : null;
}
