using Npgsql;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Connections;

/// <summary>Says in words for people what is wrong with the server.</summary>
internal static class Unavailable
{
    private const string Retired = "SW001";
    private const string SerializationFailure = "40001", DeadlockDetected = "40P01";
    private const string LockNotAvailable = "55P03";
    private const string NoSuchPreparedStatement = "26000", SuchPreparedStatementExists = "42P05";
    private const string UndefinedTable = "42P01", UndefinedFunction = "42883", InsufficientPrivilege = "42501", InvalidSchema = "3F000";

    /// <summary>Whether the store has refused something because it is retired.</summary>
    public static bool IsRetirement(Exception error) => error is PostgresException { SqlState: Retired };

    /// <summary>Whether the server has taken everything back, and the same again may go well.</summary>
    public static bool IsTransient(Exception error) => error is PostgresException { SqlState: SerializationFailure or DeadlockDetected };

    /// <summary>Whether nothing is known to be wrong, save that the time was up.</summary>
    public static bool IsTimeout(Exception error) => error is NpgsqlException { InnerException: TimeoutException } or TimeoutException;

    /// <summary>Whether the server, the way to it or the rights are at fault rather than the request.</summary>
    public static bool IsEnvironmental(Exception error) => error switch
    {
        StoreUnavailableException => true,
        PostgresException { SqlState: LockNotAvailable } => false,
        PostgresException server => server.SqlState[..2] is "08" or "53" or "57" or "58" or "28" or "3D" or "25" or "55" or "XX"
            || server.SqlState is NoSuchPreparedStatement or SuchPreparedStatementExists or UndefinedTable or UndefinedFunction or InsufficientPrivilege or InvalidSchema || IsTransient(server),
        NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException => true,
        _ => false,
    };

    /// <summary>Somebody else's transaction holds what is asked for, for longer than anything of ours does.</summary>
    public static StoreUnavailableException HeldUp(string place, PostgresException error) =>
        new($"A transaction that is open in the store at {place} holds what is asked for. Try again when it has ended; steadwork doctor tells of transactions that are open for long.", error);

    public static StoreUnavailableException Because(string place, Exception error) => error as StoreUnavailableException ?? new(error switch
    {
        PostgresException { SqlState: UndefinedTable or UndefinedFunction or InvalidSchema } => $"There is no Steadwork store at {place}, or it is not whole: {First(error)}.",
        PostgresException { SqlState: InsufficientPrivilege } => $"The store at {place} may not be used: {First(error)}. Grant this role what it needs, or use another.",
        PostgresException { SqlState: NoSuchPreparedStatement or SuchPreparedStatementExists } => $"The store at {place} cannot be used: {First(error)}. Behind a pooler that hands connections on between transactions, open it with prepare=false&listen=false.",
        PostgresException => $"The store at {place} cannot be used: {First(error)}.",
        // In which part of it the time was up decides what Npgsql says.
        _ when IsTimeout(error) => $"The store at {place} cannot be reached: it did not answer in time.",
        _ => $"The store at {place} cannot be reached: {First(Innermost(error))}.",
    }, error);

    /// <summary>What lies behind it; of several hosts that could not be reached, what lies behind the first.</summary>
    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private static string First(Exception error) =>
        (error is PostgresException server ? server.MessageText : error.Message).Split('\n')[0].TrimEnd('.', ' ');
}
