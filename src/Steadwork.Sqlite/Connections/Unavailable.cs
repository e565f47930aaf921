using Steadwork.Storage;
using static SQLitePCL.raw;

namespace Steadwork.Sqlite.Connections;

/// <summary>Says in words for people what is wrong with the file.</summary>
internal static class Unavailable
{
    public static StoreUnavailableException Because(string path, SqliteException error) => new(error.Code switch
    {
        SQLITE_FULL => $"The disk that holds the store '{path}' is full; nothing was changed. Free some space and try again.",
        SQLITE_READONLY => $"The store '{path}' may not be written: {error.Message}. Check the rights of the file and of its folder.",
        SQLITE_CORRUPT => $"The store '{path}' is damaged: {error.Message}. Restore a backup.",
        SQLITE_NOTADB => $"The file '{path}' is not a Steadwork store: {error.Message}.",
        SQLITE_BUSY => $"The store '{path}' stayed locked by another program for too long.",
        _ => $"The store '{path}' cannot be used: {error.Message}.",
    }, error);
}
