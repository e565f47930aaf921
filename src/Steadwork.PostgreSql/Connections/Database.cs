using System.Collections.Concurrent;
using System.Data;
using System.Diagnostics;
using Npgsql;
using Steadwork.Status;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Connections;

/// <summary>The way to the server: connections for as long as a question takes, statements with the schema's name put in.</summary>
internal sealed class Database : IAsyncDisposable
{
    private const int MostTries = 5, FewConnections = 5;
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(60);
    private const string SchemaInFiles = "steadwork.";
    private static readonly SqlFiles Files = new(typeof(Database).Assembly, "enqueue.sql", "batches.sql", "claim.sql", "settle.sql", "workers.sql", "requests.sql", "prune.sql", "log.sql", "reading.sql", "examining.sql", "schedules.sql", "gates.sql", "copying.sql");

    private readonly NpgsqlDataSource source;
    private readonly bool owned;
    private readonly PostgreSqlStoreOptions options;
    private readonly string schemaPrefix;
    private readonly string databaseName;
    private readonly TimeSpan connectPatience;
    private readonly ConcurrentDictionary<string, string> texts = new();

    public Database(NpgsqlDataSource source, bool owned, PostgreSqlStoreOptions options)
    {
        this.source = source;
        this.owned = owned;
        this.options = options;
        schemaPrefix = Quoted(options.Schema) + ".";
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        MaxConnections = settings.Pooling ? settings.MaxPoolSize : int.MaxValue;
        connectPatience = options.ConnectPatience ?? (ConnectionUrl.Says(source.ConnectionString, "Timeout") ? TimeSpan.Zero : UsualPatience);
        databaseName = settings.Database ?? settings.Username ?? "";
        Place = $"{settings.Host}{(settings.Host?.Contains(',') is true ? "" : $":{settings.Port}")}/{settings.Database ?? settings.Username}, schema {options.Schema}";
        // A number that tells this store's advisory locks from those of other schemas and programs.
        LockSpace = BitConverter.ToInt32(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes("steadwork:" + options.Schema)));
    }

    /// <summary>Where it is, for people: no password.</summary>
    public string Place { get; }

    public int LockSpace { get; }

    /// <summary>How many connections there can be at once.</summary>
    public int MaxConnections { get; }

    /// <summary>Whether there are so few that what has one for long is in the way of others.</summary>
    public bool HasFewConnections => MaxConnections < FewConnections;

    public string Schema => options.Schema;

    /// <summary>Whether a connection leads to the database that the store is in, as far as its settings tell. Of several hosts any may be the one.</summary>
    public bool IsSame(NpgsqlConnection connection) => connection.Database == databaseName;

    /// <summary>The named statement, or one that is in several parts: <c>begin+end</c>.</summary>
    public string Text(string name) => texts.GetOrAdd(name, static (name, database) => database.InSchema(string.Join('\n', name.Split('+').Select(part => Files[part]))), this);

    /// <summary>A whole file of statements.</summary>
    public string File(string name) => InSchema(Files.Text(name));

    public static IEnumerable<string> Statements => Files.Names;

    public Batch Batch() => new(this);

    /// <summary>
    /// A connection for the caller to dispose. Where many processes start at once, the last of them have to wait for longer
    /// than one try takes: as long as nothing says more than that the time was up, it is tried again.
    /// </summary>
    public async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await OpenAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (Unavailable.IsTimeout(error) && Stopwatch.GetElapsedTime(began) < connectPatience)
            {
            }
            catch (Exception error) when (Unavailable.IsEnvironmental(error))
            {
                throw Unavailable.Because(Place, error);
            }
        }
    }

    /// <summary>A connection for the caller to dispose, without leaving its thread.</summary>
    public NpgsqlConnection Connect()
    {
        try
        {
            return source.OpenConnection();
        }
        catch (Exception error) when (Unavailable.IsEnvironmental(error))
        {
            throw Unavailable.Because(Place, error);
        }
    }

    /// <summary>
    /// Opens one outside of the caller's TransactionScope, in which Npgsql would have it take part: that would take back what the store has answered as
    /// stored, the jobs of other callers among it. Whoever wants jobs in a transaction hands that over.
    /// </summary>
    private async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (System.Transactions.Transaction.Current is null)
            return await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        Task<NpgsqlConnection> opening;
        using (ExecutionContext.SuppressFlow())
            opening = Task.Run(() => source.OpenConnectionAsync(cancellationToken).AsTask(), cancellationToken);
        return await opening.ConfigureAwait(false);
    }

    /// <summary>Carries out a batch as one transaction on a connection of its own.</summary>
    /// <param name="batch">The statements.</param>
    /// <param name="read">Reads the answers, statement by statement.</param>
    /// <param name="cancellationToken">Ends the wait for a connection; what has been sent is carried out.</param>
    public async Task<T> RunAsync<T>(Batch batch, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
            return await RunAsync(connection, batch, read).ConfigureAwait(false);
    }

    /// <summary>Carries out a batch on a connection. Outside of a transaction it is one, and is tried again when the server took it back for no fault of its own.</summary>
    public async Task<T> RunAsync<T>(NpgsqlConnection connection, Batch batch, Func<NpgsqlDataReader, Task<T>> read, NpgsqlTransaction? transaction = null)
    {
        var commands = batch.Commands;
        commands.Connection = connection;
        commands.Transaction = transaction;
        for (var tries = 1; ; tries++)
        {
            try
            {
                if (options.Prepare && batch.IsWorthPreparing)
                    await commands.PrepareAsync().ConfigureAwait(false);
                return await AnswerAsync(connection, batch, read).ConfigureAwait(false);
            }
            catch (PostgresException error) when (transaction is null && tries < MostTries && Unavailable.IsTransient(error))
            {
            }
            catch (PostgresException error) when (Unavailable.IsRetirement(error))
            {
                throw new StoreRetiredException(PlaceInSentence, await RetirementAsync(transaction is null ? connection : null).ConfigureAwait(false));
            }
            catch (Exception error) when (Unavailable.IsEnvironmental(error))
            {
                throw Unavailable.Because(Place, error);
            }
        }
    }

    private static async Task<T> AnswerAsync<T>(NpgsqlConnection connection, Batch batch, Func<NpgsqlDataReader, Task<T>> read)
    {
        T? answer = default;
        Telemetry.Statements.Add(batch.Commands.BatchCommands.Count);
        try
        {
            var reader = await batch.Commands.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                answer = await read(reader).ConfigureAwait(false);
                // Errors of later statements show only when their answers are looked at.
                while (await reader.NextResultAsync().ConfigureAwait(false)) { }
                return answer;
            }
        }
        catch (PostgresException) when (batch.IsCommitted)
        {
            return answer!;
        }
        catch (PostgresException) when (batch.Commits && connection.State is ConnectionState.Open)
        {
            // The server leaves the failed transaction open for whoever began it.
            var rollback = new NpgsqlCommand("ROLLBACK", connection);
            await using (rollback.ConfigureAwait(false))
                await rollback.ExecuteNonQueryAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How it is named within a sentence.</summary>
    public string PlaceInSentence => $"at {Place}";

    /// <summary>Why the store takes no more work; null while it does.</summary>
    /// <param name="connection">The connection to ask on, without a transaction; null takes another.</param>
    public async Task<Retirement?> RetirementAsync(NpgsqlConnection? connection)
    {
        var batch = Batch().Add("retirement");
        static Task<string?> Read(NpgsqlDataReader reader) => reader.FirstAsync(row => row.Text(0));
        return Retirement.Parse(connection is null
            ? await RunAsync(batch, Read, CancellationToken.None).ConfigureAwait(false)
            : await RunAsync(connection, batch, Read).ConfigureAwait(false));
    }

    /// <summary>Carries out several batches as one transaction. It is tried again as a whole when the server took it back for no fault of its own.</summary>
    public async Task<T> TransactAsync<T>(Func<Transaction, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                try
                {
                    var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                    await using (transaction.ConfigureAwait(false))
                    {
                        var bounded = new Transaction(this, connection, transaction);
                        await bounded.RunAsync(Batch().Add("be-bounded")).ConfigureAwait(false);
                        var answer = await work(bounded).ConfigureAwait(false);
                        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                        return answer;
                    }
                }
                catch (StoreUnavailableException error) when (tries < MostTries && error.InnerException is { } cause && Unavailable.IsTransient(cause))
                {
                }
                catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
                {
                    throw Unavailable.HeldUp(Place, error);
                }
                catch (Exception error) when (Unavailable.IsEnvironmental(error))
                {
                    throw Unavailable.Because(Place, error);
                }
            }
        }
    }

    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private string InSchema(string sql) => sql.Replace(SchemaInFiles, schemaPrefix, StringComparison.Ordinal);

    public ValueTask DisposeAsync() => owned ? source.DisposeAsync() : ValueTask.CompletedTask;
}

/// <summary>A transaction of several round trips.</summary>
internal readonly struct Transaction(Database database, NpgsqlConnection connection, NpgsqlTransaction transaction)
{
    public Batch Batch() => database.Batch();

    public Task<T> RunAsync<T>(Batch batch, Func<NpgsqlDataReader, Task<T>> read) => database.RunAsync(connection, batch, read, transaction);

    public Task RunAsync(Batch batch) => RunAsync(batch, static _ => Task.FromResult(true));
}
