using System.Collections.Concurrent;

namespace Steadwork.Sqlite.Connections;

/// <summary>Connections for reading, lent for one question at a time. WAL lets them read while others write.</summary>
internal sealed class Readers(string path) : IDisposable
{
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);
    private readonly ConcurrentBag<Database> idle = [];
    private volatile bool disposed;

    public T Read<T>(Func<Database, T> question)
    {
        ObjectDisposedException.ThrowIf(disposed, typeof(SqliteStore));
        if (!idle.TryTake(out var database))
            database = new Database(path, Synchronous.Full, BusyTimeout);
        try
        {
            // A question of several statements must not see a commit between them: an attempt could be in neither of its places.
            database.Execute("BEGIN");
            return question(database);
        }
        catch (SqliteException error) when (error.IsEnvironmental)
        {
            throw Unavailable.Because(path, error);
        }
        finally
        {
            if (database.InTransaction)
                database.Commit();
            idle.Add(database);
            if (disposed)
                Dispose();
        }
    }

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var database))
            database.Dispose();
    }
}
