using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// The one place of a process that writes. Its thread takes all requests that came in while the last commit ran, carries them
/// out in one transaction, and answers each after the commit that holds its change: group commit without a timer. A caller who is
/// alone makes its change itself: to wake the thread, and to be woken by it, would take about as long as the commit.
/// </summary>
internal sealed class WriteThread : IDisposable
{
    private const int MaxRequestsACommit = 4096;
    private const int LongLogPages = 1000, FairLogPages = LongLogPages / 2;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(10);

    private readonly Inbox inbox = new();
    private readonly Lock writing = new();
    private readonly List<WriteRequest> group = [];
    private readonly Database database;
    private readonly Database checkpointer;
    private readonly WriteTransaction transaction;
    private readonly Turns turns;
    private readonly Action<WakeUp> ring;
    private readonly TimeProvider clock;
    private readonly Thread thread;
    private readonly ITimer quiet;
    private int pagesSinceCheckpoint;
    private volatile bool callersAreAlone = true;
    private volatile bool disposed;

    public WriteThread(string path, string turnsPath, SqliteStoreOptions options, Action<WakeUp> ring)
    {
        turns = new Turns(turnsPath);
        clock = options.Clock;
        this.ring = ring;
        database = new Database(path, options.Synchronous, TimeSpan.Zero);
        checkpointer = new Database(path, options.Synchronous, TimeSpan.Zero);
        transaction = new WriteTransaction(database, clock);
        quiet = clock.CreateTimer(_ => CheckpointInQuiet(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        thread = new Thread(Loop) { IsBackground = true, Name = "steadwork-write" };
        thread.Start();
    }

    /// <summary>Carries out a change. It may be carried out twice, the first time in vain: it must have no effect outside the transaction.</summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Heeded until it begins.</param>
    /// <param name="isLong">Whether the caller had better go on meanwhile, even if it is alone.</param>
    /// <param name="inTurn">Whether it comes again and again, and must leave room for those of other processes, even if it is alone.</param>
    public Task<T> WriteAsync<T>(Func<WriteTransaction, T> change, CancellationToken cancellationToken, bool isLong = false, bool inTurn = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = new WriteRequest<T>(change);
        if (isLong || !TryWriteHere(request, inTurn))
            ObjectDisposedException.ThrowIf(!inbox.Add(request), typeof(SqliteStore));
        return request.Answer;
    }

    private void Loop()
    {
        while (inbox.Wait())
        {
            lock (writing)
            {
                // First the turn: what comes in while it is waited for goes along.
                turns.Take();
                inbox.Take(group, MaxRequestsACommit);
                callersAreAlone = group.Count == 1;
                CommitGroup();
                group.Clear();
                CheckpointIfLong();
                turns.Give();
            }
        }
        lock (writing)
            Checkpoint();
    }

    /// <returns>False when somebody else is writing, in this process or another, or callers come several at a time: they share their commits.</returns>
    private bool TryWriteHere(WriteRequest request, bool inTurn)
    {
        if (!callersAreAlone || !inbox.IsEmpty || !writing.TryEnter())
            return false;
        try
        {
            // Mostly without a turn: to take and to give one costs a lone caller a tenth of its rate. It has the file only where it happens to be free.
            if (disposed || (inTurn && !turns.TryTake()) || !TryBegin())
                return false;
            CommitAlone(request, begun: true);
            CheckpointIfLong();
            return true;
        }
        finally
        {
            turns.Give();
            writing.Exit();
        }
    }

    private bool TryBegin()
    {
        try
        {
            return database.TryBegin();
        }
        catch (SqliteException)
        {
            // The thread will meet the same, and explain it.
            return false;
        }
    }

    private void CommitGroup()
    {
        try
        {
            Commit(group);
        }
        catch (Exception error) when (group.Count == 1 || IsEnvironmental(error))
        {
            foreach (var request in group)
                request.Fail(Explain(error));
            return;
        }
        catch
        {
            // One bad request must not fail its neighbours: each gets a transaction, and an answer, of its own.
            foreach (var request in group)
                CommitAlone(request);
            return;
        }
        foreach (var request in group)
            request.Complete();
    }

    private void CommitAlone(WriteRequest request, bool begun = false)
    {
        try
        {
            Commit([request], begun);
            request.Complete();
        }
        catch (Exception error)
        {
            request.Fail(Explain(error));
        }
    }

    private void Commit(List<WriteRequest> requests, bool begun = false)
    {
        if (!begun)
            WriteLock.Begin(database, clock, LockPatience);
        try
        {
            foreach (var request in requests)
                request.Apply(transaction);
            transaction.Flush();
            database.Commit();
        }
        catch
        {
            // A failed COMMIT (disk full, I/O error) may have rolled back by itself.
            if (database.InTransaction)
                database.Execute("ROLLBACK");
            transaction.Forget();
            throw;
        }
        Ring(transaction.Committed());
    }

    private void Ring(WakeUp kinds)
    {
        try
        {
            ring(kinds);
        }
        catch (Exception)
        {
            // The change is committed: a fault here, a folder of bells that is gone say, must not have it answered as failed or made again.
        }
    }

    /// <summary>A checkpoint takes as long as several commits: it is made as soon as nobody writes, and only a log that is long is not left waiting for that.</summary>
    private void CheckpointIfLong()
    {
        pagesSinceCheckpoint += database.TakePagesWritten();
        if (pagesSinceCheckpoint >= LongLogPages)
            Checkpoint();
        else if (pagesSinceCheckpoint >= FairLogPages)
            quiet.Change(Quiet, Timeout.InfiniteTimeSpan);
    }

    private void CheckpointInQuiet()
    {
        // Who writes just now sets the time anew.
        if (!writing.TryEnter())
            return;
        try
        {
            if (!disposed && pagesSinceCheckpoint >= FairLogPages)
                Checkpoint();
        }
        finally
        {
            writing.Exit();
        }
    }

    /// <summary>
    /// Moves the log into the database file while this connection holds the write lock: nobody can reset the log
    /// meanwhile, and only one process can be doing this.
    /// </summary>
    private void Checkpoint()
    {
        try
        {
            if (!database.TryBegin())
                return;
            checkpointer.Checkpoint();
            database.Execute("ROLLBACK");
            pagesSinceCheckpoint = 0;
        }
        catch (SqliteException)
        {
            // Nothing is lost by a checkpoint that fails, on a full disk say: the log only stays longer until the next one.
            if (database.InTransaction)
                database.Execute("ROLLBACK");
        }
    }

    /// <summary>Whether it would happen to all requests alike. A retired store refuses some, and takes the ends of what runs.</summary>
    private static bool IsEnvironmental(Exception error) => error is (StoreUnavailableException and not StoreRetiredException) or SqliteException { IsEnvironmental: true };

    private Exception Explain(Exception error) =>
        error is SqliteException { IsEnvironmental: true } cause ? Unavailable.Because(database.Path, cause) : error;

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        quiet.Dispose();
        inbox.Close();
        thread.Join();
        lock (writing)
        {
            database.Dispose();
            checkpointer.Dispose();
            turns.Dispose();
        }
    }
}
