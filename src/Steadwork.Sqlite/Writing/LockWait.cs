namespace Steadwork.Sqlite.Writing;

/// <summary>
/// Waits for another process to commit. SQLite's own ladder sleeps up to 100 ms, by which one process can take all the
/// turns; a few yields and then a millisecond at a time share them.
/// </summary>
internal struct LockWait
{
    private const int Yields = 10;
    private static readonly ManualResetEventSlim Never = new();
    private int tries;

    public void Once()
    {
        if (tries++ < Yields)
            Thread.Yield();
        else
            Never.Wait(1);
    }
}
