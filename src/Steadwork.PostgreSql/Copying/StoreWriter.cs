using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Copying;

/// <summary>Fills a store in one transaction, for whose length whoever enqueues or claims there waits.</summary>
internal sealed class StoreWriter(Database database, NpgsqlConnection connection, NpgsqlTransaction transaction) : StoreReader(database, connection, transaction), ICopyWriter
{
    public async Task WriteAsync(CopySection section, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken)
    {
        var command = Command("fill-" + section.Name);
        await using (command.ConfigureAwait(false))
        {
            for (var column = 0; column < section.Columns.Count; column++)
                command.Parameters.Add(Column(section.Columns[column].Kind, rows, column));
            await TryAsync(() => command.ExecuteNonQueryAsync(cancellationToken)).ConfigureAwait(false);
        }
    }

    public async Task CommitAsync()
    {
        foreach (var name in (string[])["count-lanes", "look-over"])
        {
            var command = Command(name);
            await using (command.ConfigureAwait(false))
                await TryAsync(() => command.ExecuteNonQueryAsync()).ConfigureAwait(false);
        }
        await Transaction.CommitAsync().ConfigureAwait(false);
    }

    private static NpgsqlParameter Column(CopyKind kind, IReadOnlyList<object?[]> rows, int column) => kind switch
    {
        CopyKind.Number => Value.Of(rows.Column(row => (long?)row[column])),
        CopyKind.Flag => Value.Of(rows.Column(row => (long?)row[column] == 1)),
        CopyKind.Time => Value.Of(rows.Column(row => row[column] is long time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : (DateTimeOffset?)null)),
        _ => Value.Of(rows.Column(row => (string?)row[column])),
    };
}
