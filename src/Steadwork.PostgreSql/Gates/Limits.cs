using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Gates;

/// <summary>The rate limits as they are read.</summary>
internal static class Limits
{
    public static LimitView View(DbDataReader row) => new(
        new RateLimit(GateJson.Scope(row.Text(0)), row.Text(1), row.Int(2), TimeSpan.FromMilliseconds(row.Long(3))) { Smooth = row.Bool(4) },
        row.Time(5), row.Text(6), row.IsDBNull(7) ? null : row.Int(7), row.TimeOrNull(8));
}
