using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Steadwork.Peers;

/// <summary>The database, as Quartz.NET wants it.</summary>
internal static class Tables
{
    public static async Task CreateAsync(Order order)
    {
        await using var connection = Open(order);
        await connection.OpenAsync();
        // The file keeps it. Quartz.NET itself leaves it at the rollback journal.
        if (order is { Database: "SQLite", IsBest: true })
            await ExecuteAsync(connection, "PRAGMA journal_mode = WAL");
        await ExecuteAsync(connection, await ReadAsync("tables.sql"));
        if (order.Database == "PostgreSQL")
            await ExecuteAsync(connection, await ReadAsync("postgres-indexes.sql"));
    }

    public static async Task<int> CountAsync(Order order, string table)
    {
        await using var connection = Open(order);
        await connection.OpenAsync();
        return int.Parse(await AnswerAsync(connection, $"SELECT count(*) FROM {table}"), CultureInfo.InvariantCulture);
    }

    /// <summary>The one value of a query, as text.</summary>
    public static async Task<string> AnswerAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture)!;
    }

    /// <summary>What a provider is given to connect to it.</summary>
    public static string ConnectionString(Order order)
    {
        if (order.Database == "SQLite")
            return new SqliteConnectionStringBuilder { DataSource = order.Url }.ConnectionString;
        var url = new Uri(order.Url);
        var settings = new NpgsqlConnectionStringBuilder { Host = url.Host, Port = url.Port, Database = url.AbsolutePath[1..], Username = url.UserInfo };
        return settings.ConnectionString;
    }

    private static DbConnection Open(Order order) => order.Database == "SQLite"
        ? new SqliteConnection(ConnectionString(order))
        : new NpgsqlConnection(ConnectionString(order));

    private static async Task ExecuteAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> ReadAsync(string name)
    {
        using var reader = new StreamReader(typeof(Tables).Assembly.GetManifestResourceStream(name)!);
        return await reader.ReadToEndAsync();
    }
}
