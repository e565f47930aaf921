using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Sqlite;
using Steadwork.Storage;

namespace Steadwork.Cli.Shell;

/// <summary>Names a store: <c>sqlite:PATH</c>, with <c>?synchronous=normal</c> behind it where commits need not wait for the disk, or the <c>postgres://</c> URL of a server.</summary>
internal abstract record StoreUrl
{
    /// <summary>The variable of the environment that names the store.</summary>
    public const string Variable = "STEADWORK_STORE";

    private const string Default = "sqlite:steadwork.db", Sqlite = "sqlite:", Normal = "?synchronous=normal";

    private StoreUrl() { }

    /// <summary>The store that was asked for, else that of the environment, else the default.</summary>
    public static StoreUrl Choose(string? given)
    {
        if (given is not null)
            return Parse(given);
        return Surroundings.Current.Variable(Variable) is { Length: > 0 } url ? Parse(url, "$" + Variable) : Parse(Default);
    }

    /// <summary>Reads a URL.</summary>
    /// <param name="url">What was written.</param>
    /// <param name="source">Where, for the error.</param>
    public static StoreUrl Parse(string url, string source = GlobalOptions.StoreName)
    {
        if (ConnectionUrl.IsUrl(url))
            return Server.Of(url, source);
        // The URL of a server may hold a password, so nothing that looks like one is repeated.
        if (url.StartsWith("postgres", StringComparison.OrdinalIgnoreCase))
            throw new Refusal($"{source} is not the URL of a PostgreSQL server; write it like postgres://user@host:5432/database.");
        if (!url.StartsWith(Sqlite, StringComparison.Ordinal))
            throw new Refusal($"{source} '{url}' is not the URL of a store; write it like {Sqlite}PATH or postgres://user@host/database, for example {Default}.");
        var isNormal = url.EndsWith(Normal, StringComparison.Ordinal);
        var path = url[Sqlite.Length..^(isNormal ? Normal.Length : 0)];
        return path.Length > 0 && !path.Contains('\0') ? OfFile(path, isNormal ? Synchronous.Normal : Synchronous.Full) : throw new Refusal($"{source} '{url}' names no file; write it like {Default}.");
    }

    /// <summary>A store in a file.</summary>
    public static StoreUrl OfFile(string path, Synchronous synchronous) => new SqliteFile(path, synchronous);

    /// <summary>The full path of the file that it is in; null for one on a server.</summary>
    public virtual string? File => null;

    /// <summary>What its commits wait for, where it is in a file.</summary>
    public virtual Synchronous Synchronous => Synchronous.Full;

    /// <summary>The URL as people may see it: without a password.</summary>
    public virtual string Shown => ToString();

    /// <summary>Opens the store.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be opened, is not ours, or is missing and may not be made.</exception>
    public abstract IStore Open(bool create);

    private sealed record SqliteFile(string Path, Synchronous Mode) : StoreUrl
    {
        public override string File => Surroundings.Current.FullPath(Path);

        public override Synchronous Synchronous => Mode;

        /// <summary>The URL, with the full path: it means the same store in any directory.</summary>
        public override string ToString() => Sqlite + File + (Mode is Synchronous.Normal ? Normal : "");

        public override IStore Open(bool create)
        {
            var full = File;
            if (Directory.Exists(full))
                throw new StoreUnavailableException($"'{full}' is a directory, not a store; give the path of a file.");
            if (!Directory.Exists(System.IO.Path.GetDirectoryName(full)))
                throw new StoreUnavailableException($"There is no directory '{System.IO.Path.GetDirectoryName(full)}' for the store; make it first, or give another {GlobalOptions.StoreName}.");
            if (!create && !System.IO.File.Exists(full))
                throw new StoreUnavailableException($"There is no store at '{full}'; give its place with {GlobalOptions.StoreName} {Sqlite}PATH or ${Variable}.");
            try
            {
                return SqliteStore.Open(full, new SqliteStoreOptions { Create = create, Synchronous = Mode });
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new StoreUnavailableException($"The store '{full}' cannot be opened: {error.Message}", error);
            }
        }
    }

    private sealed record Server(string Url) : StoreUrl
    {
        public static Server Of(string url, string source)
        {
            try
            {
                ConnectionUrl.Read(url);
                return new Server(url);
            }
            catch (FormatException error)
            {
                throw new Refusal($"{source}: {error.Message}");
            }
        }

        public override string Shown => ConnectionUrl.WithoutSecrets(Url);

        /// <summary>The URL as it was given, password included: for worker processes alone.</summary>
        public override string ToString() => Url;

        public override IStore Open(bool create)
        {
            try
            {
                return PostgreSqlStore.OpenAsync(Url, new PostgreSqlStoreOptions { Create = create }).GetAwaiter().GetResult();
            }
            catch (ArgumentException error)
            {
                throw new Refusal(error.Message);
            }
        }
    }
}
