namespace Steadwork;

/// <summary>What holds where nothing is said.</summary>
public static class Defaults
{
    /// <summary>The queue of a job that names none.</summary>
    public const string Queue = "default";

    /// <summary>The priority of a job that names none.</summary>
    public const int Priority = 100;

    /// <summary>The attempts of a job that names none.</summary>
    public const int MaxAttempts = 3;

    /// <summary>How many jobs with the same exclusive key run at once where none says.</summary>
    public const int ExclusiveLimit = 1;

    /// <summary>The largest payload in bytes: 256 KiB.</summary>
    public const int MaxPayloadBytes = 256 * 1024;

    /// <summary>The deepest nesting of a payload.</summary>
    public const int MaxPayloadDepth = 32;

    /// <summary>How many jobs are enqueued all or nothing; a longer list is enqueued in chunks of it.</summary>
    public const int BulkChunk = 10_000;
}
