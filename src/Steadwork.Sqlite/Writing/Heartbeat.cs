using Steadwork.Machine;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>Renews leases on a connection of its own, so that no flood of other writes of this process can delay it.</summary>
internal sealed class Heartbeat(string path, string turnsPath, SqliteStoreOptions options) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private Turns? turns;
    private Database? database;
    private bool disposed;

    public Renewal Renew(WorkerId worker)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, typeof(SqliteStore));
            turns ??= new Turns(turnsPath);
            // Without waiting for the disk: no lease outlasts a power cut, and who is stopped within a transaction holds up all others.
            database ??= new Database(path, Synchronous.Normal, TimeSpan.Zero);
            try
            {
                turns.Take();
                WriteLock.Begin(database, options.Clock, Patience);
                database["renew"].Bind(1, worker.Value).Bind(2, Boot.Milliseconds(options.Clock)).Run();
                var alive = database.Changes == 1;
                database.Commit();
                return new Renewal(alive, database["cancellations"].Bind(1, worker.Value).All(row =>
                    new Cancellation(new JobId(row.Long(0)), new LeaseToken(row.Long(1)), row.Text(2))));
            }
            catch (SqliteException error)
            {
                if (database.InTransaction)
                    database.Execute("ROLLBACK");
                throw Unavailable.Because(path, error);
            }
            finally
            {
                turns.Give();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            database?.Dispose();
            turns?.Dispose();
        }
    }
}
