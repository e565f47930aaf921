using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>Renews leases on a connection of its own, which is kept: no flood of other work can take it away.</summary>
internal sealed class Heartbeat(Database database, Action<DateTimeOffset> told) : IDisposable
{
    private const int FewConnections = 5;
    private const int AnswerSeconds = 10;
    private readonly Lock gate = new();
    private NpgsqlConnection? connection;
    private bool disposed;

    public Renewal Renew(WorkerId worker)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            try
            {
                connection ??= database.Connect();
                // Long before the lease ends: a connection of which the other end is gone would keep it waiting.
                using var batch = new NpgsqlBatch(connection)
                {
                    Timeout = AnswerSeconds,
                    BatchCommands =
                    {
                        new NpgsqlBatchCommand(database.Text("renew")) { Parameters = { Value.Of(worker.Value) } },
                        new NpgsqlBatchCommand(database.Text("cancellations")) { Parameters = { Value.Of(worker.Value) } },
                    },
                };
                using var reader = batch.ExecuteReader();
                var alive = reader.Read();
                if (alive)
                    told(reader.Time(0));
                reader.NextResult();
                var cancellations = new List<Cancellation>();
                while (reader.Read())
                    cancellations.Add(new Cancellation(new JobId(reader.Long(0)), new LeaseToken(reader.Long(1)), reader.Text(2)));
                return new Renewal(alive, cancellations);
            }
            catch (Exception error) when (Unavailable.IsEnvironmental(error))
            {
                LetGo();
                throw Unavailable.Because(database.Place, error);
            }
            finally
            {
                if (database.MaxConnections < FewConnections)
                    LetGo();
            }
        }
    }

    private void LetGo()
    {
        connection?.Dispose();
        connection = null;
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            LetGo();
        }
    }
}
