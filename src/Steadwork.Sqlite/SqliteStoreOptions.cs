namespace Steadwork.Sqlite;

/// <summary>What a commit waits for.</summary>
public enum Synchronous
{
    /// <summary>The disk at checkpoints only: a power cut may lose the last commits, a killed process none. Several times faster one by one.</summary>
    Normal,

    /// <summary>The disk at each commit: nothing acknowledged is lost by a power cut.</summary>
    Full,
}

/// <summary>How a SQLite store is opened.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>What a commit waits for. Default <see cref="Synchronous.Full"/>.</summary>
    public Synchronous Synchronous { get; set; } = Synchronous.Full;

    /// <summary>The clock of all times in the store. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Whether a missing file is made. Default true; false refuses instead.</summary>
    public bool Create { get; set; } = true;
}
