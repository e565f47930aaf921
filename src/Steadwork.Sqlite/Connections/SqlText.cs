using Steadwork.Storage;

namespace Steadwork.Sqlite.Connections;

/// <summary>The statements of <c>Sql/*.sql</c> by name, and the migrations.</summary>
internal static class SqlText
{
    private static readonly SqlFiles Files = new(typeof(SqlText).Assembly, "enqueue.sql", "batches.sql", "claim.sql", "exclusive.sql", "family.sql", "settle.sql", "workers.sql", "requests.sql", "prune.sql", "reading.sql", "schedules.sql", "gates.sql", "copying.sql");

    public static IEnumerable<string> Names => Files.Names;

    public static string Of(string name) => Files[name];

    public static string Migration(string file) => Files.Text(file);
}
