using System.Data.Common;
using System.Globalization;
using Npgsql;

namespace Steadwork.PostgreSql.Connections;

/// <summary>What the URL of a server says of the store in it; null where it says nothing.</summary>
/// <param name="Schema"><c>?schema=NAME</c>: the schema.</param>
/// <param name="Listen"><c>?listen=false</c>: do not wait for wake-ups on a connection.</param>
/// <param name="Prepare"><c>?prepare=false</c>: do not have the server keep statements.</param>
internal sealed record StoreSettings(string? Schema = null, bool? Listen = null, bool? Prepare = null)
{
    public void ApplyTo(PostgreSqlStoreOptions options)
    {
        options.Schema = Schema ?? options.Schema;
        options.Listen = Listen ?? options.Listen;
        options.Prepare = Prepare ?? options.Prepare;
    }
}

/// <summary>
/// Reads <c>postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?name=value</c> as libpq does (PostgreSQL manual, 34.1.1.2
/// Connection URIs); names that libpq and Npgsql have in common are taken in either spelling.
/// </summary>
internal static class ConnectionUrl
{
    private const int DefaultPort = 5432;

    private static readonly Dictionary<string, string> Libpq = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application_name"] = "Application Name",
        ["connect_timeout"] = "Timeout",
        ["dbname"] = "Database",
        ["gssencmode"] = "GSS Encryption Mode",
        ["options"] = "Options",
        ["passfile"] = "Passfile",
        ["password"] = "Password",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["target_session_attrs"] = "Target Session Attributes",
        ["user"] = "Username",
    };

    public static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The settings that a connection string or URL stands for, and what a URL says of the store.</summary>
    /// <exception cref="FormatException">It cannot be read. The message repeats none of it: it may hold a password.</exception>
    public static (NpgsqlConnectionStringBuilder Settings, StoreSettings Store) Read(string text)
    {
        try
        {
            return IsUrl(text) ? ReadUrl(text) : (new NpgsqlConnectionStringBuilder(text), new StoreSettings());
        }
        catch (Exception error) when (error is ArgumentException or KeyNotFoundException or FormatException or OverflowException or InvalidCastException)
        {
            throw new FormatException("The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", error);
        }
    }

    /// <summary>Whether settings say something themselves. The builder answers that for whatever it knows a default for, too.</summary>
    public static bool Says(string connectionString, string name) => new DbConnectionStringBuilder { ConnectionString = connectionString }.ContainsKey(name);

    /// <summary>The URL with what is needed to know the store by, and nothing that is secret.</summary>
    public static string WithoutSecrets(string url)
    {
        var (settings, store) = Read(url);
        var hosts = settings.Host is null ? "" : settings.Host.Contains(',', StringComparison.Ordinal) ? settings.Host : string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}");
        var user = settings.Username is { } name ? Uri.EscapeDataString(name) + "@" : "";
        var query = store.Schema is not { } schema ? "" : "?schema=" + Uri.EscapeDataString(schema);
        return $"postgres://{user}{hosts}/{Uri.EscapeDataString(settings.Database ?? "")}{query}";
    }

    private static (NpgsqlConnectionStringBuilder, StoreSettings) ReadUrl(string url)
    {
        var rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var query = Cut(ref rest, '?');
        var database = Cut(ref rest, '/');
        var settings = new NpgsqlConnectionStringBuilder();
        if (rest.LastIndexOf('@') is >= 0 and var at)
        {
            var user = rest[..at];
            rest = rest[(at + 1)..];
            if (Cut(ref user, ':') is { Length: > 0 } password)
                settings.Password = Uri.UnescapeDataString(password);
            if (user.Length > 0)
                settings.Username = Uri.UnescapeDataString(user);
        }
        AddHosts(settings, rest.Length > 0 ? rest : "localhost");
        if (database.Length > 0)
            settings.Database = Uri.UnescapeDataString(database);
        var store = new StoreSettings();
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = pair;
            var value = Uri.UnescapeDataString(Cut(ref name, '='));
            store = name switch
            {
                "schema" => store with { Schema = value },
                "listen" => store with { Listen = bool.Parse(value) },
                "prepare" => store with { Prepare = bool.Parse(value) },
                _ => Set(settings, store, Uri.UnescapeDataString(name), value),
            };
        }
        return (settings, store);
    }

    private static StoreSettings Set(NpgsqlConnectionStringBuilder settings, StoreSettings store, string name, string value)
    {
        var known = Libpq.GetValueOrDefault(name, name);
        settings[known] = known is "SSL Mode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        return store;
    }

    private static void AddHosts(NpgsqlConnectionStringBuilder settings, string hosts)
    {
        var parts = hosts.Split(',');
        if (parts is [var one])
        {
            var (host, port) = HostOf(one);
            (settings.Host, settings.Port) = (host, port);
            return;
        }
        settings.Host = string.Join(',', parts.Select(part => HostOf(part) is var (host, port) ? string.Create(CultureInfo.InvariantCulture, $"{host}:{port}") : ""));
    }

    private static (string Host, int Port) HostOf(string part)
    {
        var host = part;
        var port = host.EndsWith(']') ? "" : host.LastIndexOf(':') is >= 0 and var colon ? host[(colon + 1)..] : "";
        if (port.Length > 0)
            host = host[..^(port.Length + 1)];
        return (Uri.UnescapeDataString(host.Trim('[', ']')), port.Length > 0 ? ushort.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture) : DefaultPort);
    }

    /// <summary>Cuts the text at a character, and answers what was behind it.</summary>
    private static string Cut(ref string text, char at)
    {
        if (text.IndexOf(at, StringComparison.Ordinal) is not (>= 0 and var found))
            return "";
        var behind = text[(found + 1)..];
        text = text[..found];
        return behind;
    }
}
