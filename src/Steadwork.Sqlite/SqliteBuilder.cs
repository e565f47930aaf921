using Microsoft.Extensions.DependencyInjection;
using Steadwork.Sqlite;

namespace Steadwork;

/// <summary>Adds the SQLite store.</summary>
public static class SqliteBuilder
{
    /// <summary>Keeps jobs in a SQLite file; a missing one is made.</summary>
    /// <param name="builder">What is being built.</param>
    /// <param name="path">The database file.</param>
    /// <param name="configure">How it is opened.</param>
    public static SteadworkBuilder UseSqlite(this SteadworkBuilder builder, string path, Action<SqliteStoreOptions>? configure = null) =>
        builder.UseStore(services =>
        {
            var options = new SqliteStoreOptions { Clock = services.GetRequiredService<TimeProvider>() };
            configure?.Invoke(options);
            return SqliteStore.Open(path, options);
        });
}
