using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>Makes changes in a transaction of the caller's, on the caller's connection.</summary>
internal sealed class CallersTransaction(string path, TimeProvider clock, Action<WakeUp> ring)
{
    private const string Savepoint = "steadwork";

    /// <summary>Makes a change: all of it, or on an error none. Whoever listens is woken once the transaction has ended.</summary>
    public T Change<T>(DbTransaction transaction, Func<WriteTransaction, T> change)
    {
        using var database = Database.Borrow(path, HandleOf(transaction));
        var own = new WriteTransaction(database, clock);
        try
        {
            database.Execute($"SAVEPOINT {Savepoint}");
            var answer = change(own);
            own.Flush();
            database.Execute($"RELEASE {Savepoint}");
            var wakeUps = own.Committed();
            if (wakeUps is not WakeUp.None)
                _ = TransactionEnd.AwaitAsync(transaction, () => Ring(wakeUps));
            return answer;
        }
        catch (Exception error)
        {
            if (database.InTransaction)
                database.Execute($"ROLLBACK TO {Savepoint}; RELEASE {Savepoint}");
            throw error is Connections.SqliteException { IsEnvironmental: true } cause ? Unavailable.Because(path, cause) : error;
        }
    }

    private void Ring(WakeUp wakeUps)
    {
        try
        {
            ring(wakeUps);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The store was closed meanwhile, or its folder is gone; others look for themselves before long.
        }
    }

    private sqlite3 HandleOf(DbTransaction transaction)
    {
        if (TransactionEnd.IsOver(transaction))
            throw new ArgumentException("The transaction has been committed or rolled back already.", nameof(transaction));
        if (transaction.Connection is not SqliteConnection { Handle: { } handle })
            throw new ArgumentException($"{transaction.GetType().Name} is no transaction of the database of this store, the SQLite file '{path}'.", nameof(transaction));
        var file = raw.sqlite3_db_filename(handle, "main").utf8_to_string();
        if (SqliteStore.RealPath(file) != path)
            throw new ArgumentException($"The transaction is one of '{file}'; the store is '{path}'.", nameof(transaction));
        return handle;
    }
}
