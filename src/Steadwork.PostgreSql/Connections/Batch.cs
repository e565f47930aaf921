using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Steadwork.PostgreSql.Connections;

/// <summary>Statements that go to the server together: one round trip, and unless they are part of a larger one, one transaction.</summary>
internal sealed class Batch(Database database)
{
    private readonly NpgsqlBatch batch = new();
    private NpgsqlBatchCommand? commit;

    public NpgsqlBatch Commands => batch;

    /// <summary>Whether the server should keep its statements: not those that were put together, of which there is no end.</summary>
    public bool IsWorthPreparing { get; private set; } = true;

    /// <summary>Whether it begins and commits a transaction of its own, so that something can follow the commit in the same round trip.</summary>
    public bool Commits { get; private set; }

    public Batch Begin()
    {
        Commits = true;
        return Add("begin");
    }

    public Batch Commit()
    {
        Add("commit");
        commit = batch.BatchCommands[^1];
        return this;
    }

    /// <summary>Whether its commit has been answered, as Npgsql notes at each statement: what fails further on takes nothing back.</summary>
    public bool IsCommitted => commit is { StatementType: not StatementType.Unknown };

    /// <summary>Adds a named statement.</summary>
    public Batch Add(string statement, params ReadOnlySpan<NpgsqlParameter> values) => AddSql(database.Text(statement), values);

    /// <summary>Adds a statement that was put together.</summary>
    public Batch AddText(string sql, params ReadOnlySpan<NpgsqlParameter> values)
    {
        IsWorthPreparing = false;
        return AddSql(sql, values);
    }

    private Batch AddSql(string sql, ReadOnlySpan<NpgsqlParameter> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value);
        batch.BatchCommands.Add(command);
        return this;
    }
}

/// <summary>Values for statements, with the types that the server knows.</summary>
internal static class Value
{
    public static NpgsqlParameter Of(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Of(int value) => new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter Of(int? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter Of(bool value) => new NpgsqlParameter<bool> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Boolean };

    public static NpgsqlParameter Of(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <summary>UTF-8 as text.</summary>
    public static NpgsqlParameter OfUtf8(ReadOnlyMemory<byte> utf8) => Of(Encoding.UTF8.GetString(utf8.Span));

    public static NpgsqlParameter Of(TimeSpan value) => new NpgsqlParameter<TimeSpan> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Interval };

    public static NpgsqlParameter Of(DateTimeOffset value) => new NpgsqlParameter<DateTimeOffset> { TypedValue = value.ToUniversalTime(), NpgsqlDbType = NpgsqlDbType.TimestampTz };

    public static NpgsqlParameter Of(DateTimeOffset? value) => new() { Value = value is { } time ? time.ToUniversalTime() : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    public static NpgsqlParameter Of(long? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Of(long[] values) => Array(values, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Of(long?[] values) => Array(values, NpgsqlDbType.Bigint);

    public static NpgsqlParameter Of(int[] values) => Array(values, NpgsqlDbType.Integer);

    public static NpgsqlParameter Of(short[] values) => Array(values, NpgsqlDbType.Smallint);

    public static NpgsqlParameter Of(bool[] values) => Array(values, NpgsqlDbType.Boolean);

    public static NpgsqlParameter Of(string?[] values) => Array(values, NpgsqlDbType.Text);

    public static NpgsqlParameter Of(DateTimeOffset?[] values) => Array(values, NpgsqlDbType.TimestampTz);

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType element) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element };
}
