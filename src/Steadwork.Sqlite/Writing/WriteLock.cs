using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>
/// Waits for whoever holds SQLite's lock without having waited for his turn (see <see cref="Turns"/>): another program, or a caller's own transaction.
/// SQLite's own ladder sleeps up to 100 ms, which is long for what mostly takes one.
/// </summary>
internal static class WriteLock
{
    private const int Yields = 10;
    private static readonly ManualResetEventSlim Never = new();

    /// <summary>Begins a write transaction.</summary>
    /// <exception cref="StoreUnavailableException">Somebody else kept the lock for longer than the patience.</exception>
    public static void Begin(Database database, TimeProvider clock, TimeSpan patience)
    {
        var began = clock.GetTimestamp();
        for (var tries = 0; !database.TryBegin(); tries++)
        {
            if (clock.GetElapsedTime(began) > patience)
                throw new StoreUnavailableException($"The store '{database.Path}' stayed locked by another program for {patience.TotalSeconds:0} s.");
            if (tries < Yields)
                Thread.Yield();
            else
                Never.Wait(1);
        }
    }
}
