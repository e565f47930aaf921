using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Steadwork.PostgreSql;

namespace Steadwork;

/// <summary>Adds the PostgreSQL store.</summary>
public static class PostgreSqlBuilder
{
    /// <summary>Keeps jobs in a PostgreSQL database; a missing schema is made.</summary>
    /// <param name="builder">What is being built.</param>
    /// <param name="connectionString">Npgsql's connection string, or a <c>postgres://</c> URL.</param>
    /// <param name="configure">How it is opened.</param>
    public static SteadworkBuilder UsePostgreSql(this SteadworkBuilder builder, string connectionString, Action<PostgreSqlStoreOptions>? configure = null) =>
        builder.UseStore(services => PostgreSqlStore.OpenAsync(connectionString, Options(services, configure)).GetAwaiter().GetResult());

    /// <summary>Keeps jobs in a PostgreSQL database that the program has a data source for. The store does not close it.</summary>
    /// <param name="builder">What is being built.</param>
    /// <param name="dataSource">Where connections come from.</param>
    /// <param name="configure">How it is opened.</param>
    public static SteadworkBuilder UsePostgreSql(this SteadworkBuilder builder, NpgsqlDataSource dataSource, Action<PostgreSqlStoreOptions>? configure = null) =>
        builder.UseStore(services => PostgreSqlStore.OpenAsync(dataSource, Options(services, configure)).GetAwaiter().GetResult());

    private static PostgreSqlStoreOptions Options(IServiceProvider services, Action<PostgreSqlStoreOptions>? configure)
    {
        var options = new PostgreSqlStoreOptions { Clock = services.GetRequiredService<TimeProvider>() };
        configure?.Invoke(options);
        return options;
    }
}
