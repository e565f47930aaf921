using Npgsql;
using Steadwork.PostgreSql;
using Steadwork.Storage;

namespace Steadwork.Soak.Stores;

/// <summary>A schema in the server that the tests were given. It is dropped with the place.</summary>
public sealed class PostgreSqlSchema : IStorePlace
{
    private const string Variable = "STEADWORK_TEST_POSTGRES";
    private static readonly string DataHome = Directory.CreateTempSubdirectory("steadwork-data-").FullName;

    private static readonly string Prefix = $"steadwork_test_{Guid.NewGuid():N}_";
    private static int made;

    private readonly string schema = Prefix + Interlocked.Increment(ref made);

    static PostgreSqlSchema()
    {
        // What the workers of this machine note for the others would otherwise stay in the user's own folder, for each store that ever was.
        Environment.SetEnvironmentVariable("XDG_DATA_HOME", DataHome);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => CleanUp();
    }

    public string Folder { init { } }

    /// <summary>The URL of the server and database in which the places are.</summary>
    public static Uri Server { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url
        ? new Uri(url)
        : throw new InvalidOperationException($"Set {Variable} to the URL of a PostgreSQL server, or run by ./test or ./soak, which start one.");

    /// <summary>Connections of this process, for what goes past the store.</summary>
    public static NpgsqlDataSource Source { get; } = NpgsqlDataSource.Create(Settings());

    public string Name => schema;

    // No test cuts the power of the server: only the time of waiting for the disk is saved.
    public string Url => $"{Server.OriginalString}{(Server.Query.Length > 0 ? '&' : '?')}schema={schema}&options=-c%20synchronous_commit%3Doff";

    public bool IsTaken => Count("pg_namespace WHERE nspname = $1", schema) > 0;

    // A connection that listens does nothing else for as long as it lives.
    public int Listeners => Count("pg_stat_activity WHERE query = $1", $"LISTEN \"{schema}_wake\"");

    public IStore Open() => PostgreSqlStore.OpenAsync(Url).GetAwaiter().GetResult();

    /// <summary>Carries out a statement past the store.</summary>
    public static void Execute(string sql)
    {
        using var command = Source.CreateCommand(sql);
        command.ExecuteNonQuery();
    }

    public void Dispose() => Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");

    private static void CleanUp()
    {
        // A program that a failed test has left behind may have made its schema again.
        Execute($"DO $$ BEGIN EXECUTE (SELECT coalesce(string_agg(format('DROP SCHEMA %I CASCADE;', nspname), ''), 'SELECT') FROM pg_namespace WHERE starts_with(nspname, '{Prefix}')); END $$");
        Directory.Delete(DataHome, recursive: true);
    }

    private static int Count(string from, string value)
    {
        using var command = Source.CreateCommand($"SELECT count(*)::integer FROM {from}");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        return (int)command.ExecuteScalar()!;
    }

    private static NpgsqlConnectionStringBuilder Settings()
    {
        var user = Server.UserInfo.Split(':');
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = Server.Host,
            Port = Server.IsDefaultPort ? 5432 : Server.Port,
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            Database = Uri.UnescapeDataString(Server.AbsolutePath.TrimStart('/')),
        };
        foreach (var pair in Server.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            settings[pair.Split('=')[0]] = Uri.UnescapeDataString(pair[(pair.IndexOf('=') + 1)..]);
        return settings;
    }
}
