using Steadwork.Sqlite;
using Steadwork.Storage;

namespace Steadwork.Cli.Shell;

/// <summary>Names a store.</summary>
/// <param name="Path">The database file, as it was given.</param>
internal sealed record StoreUrl(string Path)
{
    private const string Variable = "STEADWORK_STORE", Default = "sqlite:steadwork.db", Sqlite = "sqlite:";

    /// <summary>The store that was asked for, else that of the environment, else the default.</summary>
    public static StoreUrl Choose(string? given)
    {
        if (given is not null)
            return Parse(given);
        return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } url ? Parse(url, "$" + Variable) : Parse(Default);
    }

    /// <summary>Reads a URL.</summary>
    /// <param name="url">What was written.</param>
    /// <param name="source">Where, for the error.</param>
    public static StoreUrl Parse(string url, string source = GlobalOptions.StoreName)
    {
        // The URL of a server may hold a password, so it is not repeated.
        if (url.StartsWith("postgres:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgresql:", StringComparison.OrdinalIgnoreCase))
            throw new Refusal($"{source} names a PostgreSQL server, but this build has no PostgreSQL store yet; use {Sqlite}PATH.");
        if (!url.StartsWith(Sqlite, StringComparison.Ordinal))
            throw new Refusal($"{source} '{url}' is not the URL of a store; write it like {Sqlite}PATH, for example {Default}.");
        var path = url[Sqlite.Length..];
        return path.Length > 0 && !path.Contains('\0') ? new StoreUrl(path) : throw new Refusal($"{source} '{url}' names no file; write it like {Default}.");
    }

    /// <summary>The URL, with the full path: it means the same store in any directory.</summary>
    public override string ToString() => Sqlite + System.IO.Path.GetFullPath(Path);

    /// <summary>Opens the store.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be opened, is not ours, or is missing and may not be made.</exception>
    public IStore Open(bool create)
    {
        var full = System.IO.Path.GetFullPath(Path);
        if (Directory.Exists(full))
            throw new StoreUnavailableException($"'{full}' is a directory, not a store; give the path of a file.");
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(full)))
            throw new StoreUnavailableException($"There is no directory '{System.IO.Path.GetDirectoryName(full)}' for the store; make it first, or give another {GlobalOptions.StoreName}.");
        if (!create && !File.Exists(full))
            throw new StoreUnavailableException($"There is no store at '{full}'; give its place with {GlobalOptions.StoreName} {Sqlite}PATH or ${Variable}.");
        try
        {
            return SqliteStore.Open(full, new SqliteStoreOptions { Create = create });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The store '{full}' cannot be opened: {error.Message}", error);
        }
    }
}
