namespace Steadwork.PostgreSql.Connections;

/// <summary>A list as the arrays that a statement takes, one a column.</summary>
internal static class Columns
{
    /// <summary>A value of each.</summary>
    public static T[] Column<TRow, T>(this IReadOnlyList<TRow> rows, Func<TRow, T> value)
    {
        var column = new T[rows.Count];
        for (var row = 0; row < column.Length; row++)
            column[row] = value(rows[row]);
        return column;
    }

    /// <summary>The same, empty when it would hold nothing but defaults: the server fills up what is shorter than the others with null.</summary>
    public static T[] Sparse<TRow, T>(this IReadOnlyList<TRow> rows, Func<TRow, T> value)
    {
        for (var row = 0; row < rows.Count; row++)
        {
            if (!EqualityComparer<T>.Default.Equals(value(rows[row]), default))
                return rows.Column(value);
        }
        return [];
    }
}
