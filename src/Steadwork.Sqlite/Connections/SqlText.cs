using System.Collections.Frozen;

namespace Steadwork.Sqlite.Connections;

/// <summary>The statements of <c>Sql/*.sql</c> by name. Each begins with a line <c>-- name: NAME</c>.</summary>
internal static class SqlText
{
    private const string Marker = "-- name: ";
    private static readonly FrozenDictionary<string, string> ByName = Load();

    public static string Of(string name) => ByName[name];

    public static string Migration(string file) => Resource(file);

    private static FrozenDictionary<string, string> Load()
    {
        var all = new Dictionary<string, string>();
        foreach (var file in new[] { "enqueue.sql", "claim.sql", "settle.sql", "workers.sql", "requests.sql", "reading.sql" })
        {
            foreach (var section in Resource(file).Split(Marker, StringSplitOptions.RemoveEmptyEntries))
            {
                var end = section.IndexOf('\n', StringComparison.Ordinal);
                all.Add(section[..end].Trim(), section[(end + 1)..].Trim());
            }
        }
        return all.ToFrozenDictionary();
    }

    private static string Resource(string file)
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"The statement file {file} is not in the assembly.");
        return new StreamReader(stream).ReadToEnd();
    }
}
