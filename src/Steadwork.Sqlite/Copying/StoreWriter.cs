using System.Text;
using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite.Copying;

/// <summary>Fills a store in one write transaction, for whose length all other writers wait.</summary>
internal sealed class StoreWriter : StoreReader, ICopyWriter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Database database;
    private readonly LogPages log;

    private StoreWriter(Database database)
        : base(database) => (this.database, log) = (database, new LogPages(database));

    public static StoreWriter Begin(Database database, TimeProvider clock)
    {
        WriteLock.Begin(database, clock, Patience);
        return new StoreWriter(database);
    }

    public Task WriteAsync(CopySection section, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (section == CopySection.Counters)
                    SetCounter((string)row[0]!, (long?)row[1], (string?)row[2]);
                else if (section == CopySection.Log)
                    AddToLog(row);
                else
                    Bind(database["fill-" + section.Name], row).Run();
            }
            log.Flush();
            return Task.CompletedTask;
        }
        catch (SqliteException error) when (error.IsEnvironmental)
        {
            throw Unavailable.Because(database.Path, error);
        }
    }

    public Task CommitAsync()
    {
        try
        {
            database["count-lanes"].Run();
            database.Commit();
            return Task.CompletedTask;
        }
        catch (SqliteException error) when (error.IsEnvironmental)
        {
            throw Unavailable.Because(database.Path, error);
        }
    }

    private void AddToLog(object?[] entry)
    {
        log.Turn((long)entry[0]! - 1);
        log.Add((string)entry[2]!, (long)entry[1]!, (long?)entry[3], (long?)entry[4], (long?)entry[5], entry[6] is string data ? Encoding.UTF8.GetBytes(data) : default);
    }

    private void SetCounter(string name, long? number, string? text)
    {
        switch (name)
        {
            case "batch":
                SetSequence("batches", number!.Value);
                break;
            case "job":
                SetSequence("jobs", number!.Value);
                break;
            case "log":
                SetSequence("log", number!.Value);
                break;
            case "worker":
                SetSequence("workers", number!.Value);
                break;
            case "lease":
                database["set-fact"].Bind(1, name).Bind(2, number).Run();
                break;
            case "store-id":
                database["set-fact"].Bind(1, name).Bind(2, text).Run();
                break;
            default:
                throw new InvalidOperationException($"There is no counter '{name}' here.");
        }
    }

    private void SetSequence(string table, long last)
    {
        database["forget-sequence"].Bind(1, table).Run();
        if (last > 0)
            database["set-sequence"].Bind(1, table).Bind(2, last).Run();
    }

    private static Statement Bind(Statement statement, object?[] row)
    {
        for (var index = 0; index < row.Length; index++)
        {
            switch (row[index])
            {
                case null:
                    statement.Bind(index + 1, (long?)null);
                    break;
                case long number:
                    statement.Bind(index + 1, number);
                    break;
                case string { Length: > 0 } text:
                    statement.BindText(index + 1, Encoding.UTF8.GetBytes(text));
                    break;
                default:
                    statement.Bind(index + 1, "");
                    break;
            }
        }
        return statement;
    }
}
