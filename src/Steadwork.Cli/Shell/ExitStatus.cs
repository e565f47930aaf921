namespace Steadwork.Cli.Shell;

/// <summary>What the program tells its caller by ending.</summary>
internal static class ExitStatus
{
    public const int Done = 0;

    /// <summary>The program did its part, but some work failed.</summary>
    public const int WorkFailed = 1;

    /// <summary>Bad usage or bad input; nothing changed.</summary>
    public const int Refused = 2;

    /// <summary>The store cannot be reached, or is not ours.</summary>
    public const int StoreUnavailable = 3;

    public const int Interrupted = 130;
}
