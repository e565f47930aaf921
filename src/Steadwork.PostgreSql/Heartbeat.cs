using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>Renews leases on a connection of its own, which is kept: no flood of other work can take it away.</summary>
internal sealed class Heartbeat(Database database, Action<DateTimeOffset> told) : IDisposable
{
    private const int LongestAnswer = 10;
    private const int TriesInALease = 4;
    private readonly Lock gate = new();
    private NpgsqlConnection? connection;
    private int answerSeconds = LongestAnswer;
    private bool disposed;

    /// <summary>How long an answer may take, in seconds: so little that a renewal which gets none can be tried again, on another connection, before the lease has run out.</summary>
    public static int AnswerSeconds(TimeSpan lease) => (int)Math.Clamp(lease.TotalSeconds / TriesInALease, 1, LongestAnswer);

    /// <summary>A worker with such a lease has begun, whose renewals are asked for here.</summary>
    public void Expect(TimeSpan lease)
    {
        lock (gate)
            answerSeconds = Math.Min(answerSeconds, AnswerSeconds(lease));
    }

    public Renewal Renew(WorkerId worker)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            try
            {
                connection ??= database.Connect();
                // A connection of which the other end is gone would keep it waiting.
                using var batch = new NpgsqlBatch(connection)
                {
                    Timeout = answerSeconds,
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
                if (database.HasFewConnections)
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
