namespace Steadwork.Cli.Programs;

/// <summary>
/// A variable that a program and all its descendants bear, one value for each run. Job id and lease token would not do:
/// in another store the same ones belong to a stranger.
/// </summary>
internal static class RunMark
{
    public const string Name = "STEADWORK_PROGRAM";

    private static readonly string s_prefix = Guid.NewGuid().ToString("N");
    private static long s_counter;

    public static string Next() => $"{s_prefix}-{Interlocked.Increment(ref s_counter)}";
}
