using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Copying;
using Steadwork.Sqlite.Gates;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Sqlite.Writing;

/// <summary>What changes share that are committed together: the statements, one time, the counts of lanes, the wake-ups to ring afterwards.</summary>
internal sealed class WriteTransaction(Database database, TimeProvider clock)
{
    private WakeUp wakeUps;
    private Retirement? retirement;
    private bool knowsService;

    public Database Database => database;

    public Lanes Lanes { get; } = new(database);

    public Batches Batches { get; } = new(database);

    public ExclusiveKeys Keys { get; } = new(database);

    public Family Family { get; } = new(database);

    private LogPages Pages { get; } = new(database);

    public Limits Limits { get; } = new(database);

    public Breakers Breakers { get; } = new(database);

    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Why the store takes no more work; null while it does. Looked up once a transaction: the write lock keeps it so.</summary>
    public Retirement? Retirement
    {
        get
        {
            if (!knowsService)
                (retirement, knowsService) = (Service.RetirementOf(database), true);
            return retirement;
        }
    }

    /// <summary>Refuses what a retired store must not take in any more.</summary>
    /// <exception cref="StoreRetiredException">The store is retired.</exception>
    public void RequireService()
    {
        if (Retirement is { } why)
            throw new StoreRetiredException($"'{database.Path}'", why);
    }

    /// <summary>What others may change once the write lock is let go.</summary>
    public void ForgetService()
    {
        knowsService = false;
        Limits.Forget();
        Breakers.Forget();
    }

    public void WakeAfterCommit(WakeUp kinds) => wakeUps |= kinds;

    public void Log(string kind, DateTimeOffset at, long? job, long? lease, long? worker, ReadOnlyMemory<byte> data = default) =>
        Pages.Add(kind, at.ToUnixTimeMilliseconds(), job, lease, worker, data);

    /// <summary>Lets those go on whose turn has come by what has been changed so far.</summary>
    public void Admit()
    {
        Family.Attend(this);
        Keys.Admit(this);
    }

    /// <summary>Writes what was gathered for the end of the transaction.</summary>
    public void Flush()
    {
        Admit();
        Lanes.Flush();
        Batches.Flush();
        Pages.Flush();
        ForgetService();
    }

    /// <summary>Drops what was gathered for a transaction that came to nothing.</summary>
    public void Forget()
    {
        Family.Forget();
        Keys.Forget();
        Lanes.Forget();
        Batches.Forget();
        Pages.Forget();
        ForgetService();
        wakeUps = WakeUp.None;
    }

    /// <summary>The transaction has been committed, and the next one may begin.</summary>
    /// <returns>What to ring.</returns>
    public WakeUp Committed()
    {
        Family.Forget();
        Batches.Forget();
        Pages.Forget();
        var taken = wakeUps;
        wakeUps = WakeUp.None;
        return taken;
    }
}
