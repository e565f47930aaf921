using System.Globalization;
using Npgsql;

namespace Steadwork.PostgreSql.Connections;

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

    /// <summary>The settings that a connection string or URL stands for, and the schema, which a URL names as <c>?schema=NAME</c>.</summary>
    /// <exception cref="FormatException">It cannot be read. The message repeats none of it: it may hold a password.</exception>
    public static (NpgsqlConnectionStringBuilder Settings, string? Schema) Read(string text)
    {
        try
        {
            return IsUrl(text) ? ReadUrl(text) : (new NpgsqlConnectionStringBuilder(text), null);
        }
        catch (Exception error) when (error is ArgumentException or KeyNotFoundException or UriFormatException or InvalidCastException)
        {
            throw new FormatException("The address of the PostgreSQL server cannot be read; write it like postgres://user@host:5432/database.", error);
        }
    }

    /// <summary>The URL with what is needed to know the store by, and nothing that is secret.</summary>
    public static string WithoutSecrets(string url)
    {
        var (settings, schema) = Read(url);
        var hosts = settings.Host is null ? "" : settings.Host.Contains(',', StringComparison.Ordinal) ? settings.Host : string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}");
        var user = settings.Username is { } name ? Uri.EscapeDataString(name) + "@" : "";
        var query = schema is null ? "" : "?schema=" + Uri.EscapeDataString(schema);
        return $"postgres://{user}{hosts}/{Uri.EscapeDataString(settings.Database ?? "")}{query}";
    }

    private static (NpgsqlConnectionStringBuilder, string?) ReadUrl(string url)
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
        if (rest.Length > 0)
            AddHosts(settings, rest);
        if (database.Length > 0)
            settings.Database = Uri.UnescapeDataString(database);
        string? schema = null;
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = pair;
            var value = Uri.UnescapeDataString(Cut(ref name, '='));
            if (name == "schema")
            {
                schema = value;
                continue;
            }
            var known = Libpq.GetValueOrDefault(Uri.UnescapeDataString(name), Uri.UnescapeDataString(name));
            settings[known] = known is "SSL Mode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }
        return (settings, schema);
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
        return (Uri.UnescapeDataString(host.Trim('[', ']')), port.Length > 0 ? int.Parse(port, CultureInfo.InvariantCulture) : DefaultPort);
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
