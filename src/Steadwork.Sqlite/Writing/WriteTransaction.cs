using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>What changes share that are committed together: the statements, one time, the counts of lanes, the wake-ups to ring afterwards.</summary>
internal sealed class WriteTransaction(Database database, TimeProvider clock)
{
    private WakeUp wakeUps;

    public Database Database => database;

    public Lanes Lanes { get; } = new(database);

    public DateTimeOffset Now => clock.GetUtcNow();

    public void WakeAfterCommit(WakeUp kinds) => wakeUps |= kinds;

    public void Log(string kind, DateTimeOffset at, long? job, long? lease, long? worker, ReadOnlyMemory<byte> data = default) =>
        database["insert-log"].Bind(1, at.ToUnixTimeMilliseconds()).Bind(2, kind).Bind(3, job).Bind(4, lease).Bind(5, worker).BindText(6, data).Run();

    /// <summary>Writes what was gathered for the end of the transaction.</summary>
    public void Flush() => Lanes.Flush();

    /// <summary>Drops what was gathered for a transaction that came to nothing.</summary>
    public void Forget()
    {
        Lanes.Forget();
        wakeUps = WakeUp.None;
    }

    public WakeUp TakeWakeUps()
    {
        var taken = wakeUps;
        wakeUps = WakeUp.None;
        return taken;
    }
}
