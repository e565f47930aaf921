using System.Globalization;
using System.Text.RegularExpressions;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql;

/// <summary>Looks for what slows a store on PostgreSQL down, or endangers it.</summary>
internal sealed partial class Examining(Database database, PostgreSqlStoreOptions options)
{
    private const int OldestServer = 130_000;
    private static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(2);

    private readonly record struct Settings(int Number, string Version, bool Durable, string Commit, bool Vacuums, int MaxConnections, long Connections, DateTimeOffset Now, string Synchronous)
    {
        public bool WaitsForReplicas => Commit is not ("off" or "local");
    }

    public async Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var settings = await AskAsync("settings", reader => reader.FirstAsync(row => new Settings(
            row.Int(0), row.Text(1), row.Bool(2), row.Text(3), row.Bool(4), row.Int(5), row.Long(6), row.Time(7), row.Text(8))), cancellationToken).ConfigureAwait(false);
        return
        [
            Server(settings),
            Durability(settings),
            Clock(settings),
            Connections(settings),
            await IndexesAsync(cancellationToken).ConfigureAwait(false),
            await SnapshotAsync(settings.Now, cancellationToken).ConfigureAwait(false),
            await DeadRowsAsync(settings, cancellationToken).ConfigureAwait(false),
            await ReplicasAsync(settings, cancellationToken).ConfigureAwait(false),
        ];
    }

    private static Finding Server(Settings settings) => settings.Number >= OldestServer
        ? new("server", FindingLevel.Pass, $"PostgreSQL {settings.Version}.")
        : new("server", FindingLevel.Fail, $"PostgreSQL {settings.Version} is too old; the store needs 13 or newer.");

    private static Finding Durability(Settings settings) => settings switch
    {
        { Durable: false } => new("durability", FindingLevel.Fail, "The server runs with fsync or full_page_writes off: a power cut can lose or corrupt everything. Switch both on."),
        { Commit: "off" } => new("durability", FindingLevel.Warn, "synchronous_commit is off: a crash of the server loses the last moments of what it acknowledged. Switch it on for this role."),
        _ => new("durability", FindingLevel.Pass, $"What is acknowledged is on disk (synchronous_commit = {settings.Commit})."),
    };

    private Finding Clock(Settings settings)
    {
        var difference = settings.Now - options.Clock.GetUtcNow();
        return difference.Duration() < ClockDifference
            ? new("clock", FindingLevel.Pass, "The clocks of the server and of this machine agree.")
            : new("clock", FindingLevel.Warn, $"The server's clock is {Seconds(difference.Duration())} {(difference > TimeSpan.Zero ? "ahead of" : "behind")} this machine's; jobs go by the server's.");
    }

    private static Finding Connections(Settings settings) => settings.Connections * 10 < settings.MaxConnections * 8L
        ? new("connections", FindingLevel.Pass, $"{settings.Connections} of {settings.MaxConnections} connections are in use.")
        : new("connections", FindingLevel.Warn, $"{settings.Connections} of {settings.MaxConnections} connections are in use; workers that find none wait. Lower the pools, put PgBouncer between, or raise max_connections.");

    private async Task<Finding> IndexesAsync(CancellationToken cancellationToken)
    {
        var there = (await AskAsync("indexes", reader => reader.AllAsync(row => (Name: row.Text(0), Valid: row.Bool(1))), cancellationToken, Value.Of(database.Schema)).ConfigureAwait(false))
            .Where(index => index.Valid).Select(index => index.Name);
        string[] missing = [.. Opening.Indexes(database).Except(there)];
        return missing.Length == 0
            ? new("indexes", FindingLevel.Pass, "All indexes are there.")
            : new("indexes", FindingLevel.Fail, $"Missing or not valid: {string.Join(", ", missing)}. Make them again as the migrations do; without them claims scan.");
    }

    private async Task<Finding> SnapshotAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var holders = await AskAsync("oldest-snapshots", reader => reader.AllAsync(row => (What: row.Text(0), Since: row.TimeOrNull(1))), cancellationToken, Value.Of(options.HeldSnapshot)).ConfigureAwait(false);
        return holders is [var (what, since), ..]
            ? new("snapshot", FindingLevel.Warn, $"Dead rows cannot be removed, because of {what}{(since is { } began ? $", whose transaction has been open for {Seconds(now - began)}" : "")}. End it; set idle_in_transaction_session_timeout.")
            : new("snapshot", FindingLevel.Pass, "No transaction keeps dead rows from being removed.");
    }

    private async Task<Finding> DeadRowsAsync(Settings settings, CancellationToken cancellationToken)
    {
        if (!settings.Vacuums)
            return new("dead rows", FindingLevel.Fail, "autovacuum is off: dead rows are never removed, and every claim becomes slower. Switch it on.");
        var tables = await AskAsync("dead-rows", reader => reader.AllAsync(row => (Name: row.Text(0), Live: row.Long(1), Dead: row.Long(2))), cancellationToken, Value.Of(database.Schema)).ConfigureAwait(false);
        return tables.Count == 0
            ? new("dead rows", FindingLevel.Pass, "Dead rows are removed in time.")
            : new("dead rows", FindingLevel.Warn, $"{string.Join("; ", tables.Select(table => string.Create(CultureInfo.InvariantCulture, $"{table.Name}: {table.Dead:N0} dead rows for {table.Live:N0} live ones")))}. autovacuum does not keep up: see snapshot, or give it more workers.");
    }

    private async Task<Finding> ReplicasAsync(Settings settings, CancellationToken cancellationToken)
    {
        var replicas = await AskAsync("replicas", reader => reader.AllAsync(row => (
            Name: row.Text(0), State: row.TextOrNull(1), Sync: row.TextOrNull(2), Lag: row.IsDBNull(3) ? TimeSpan.Zero : TimeSpan.FromSeconds(row.GetDouble(3)))), cancellationToken).ConfigureAwait(false);
        var slots = await AskAsync("idle-slots", reader => reader.AllAsync(row => (Name: row.Text(0), Kept: row.Long(1))), cancellationToken, Value.Of(options.KeptLog)).ConfigureAwait(false);
        var isHidden = replicas.Exists(replica => replica.State is null);
        var lagging = isHidden ? [] : replicas.FindAll(replica => replica.Lag > options.ReplicaLag || replica.State != "streaming");
        var (needed, there) = (settings.WaitsForReplicas ? StandbysIn(settings.Synchronous) : 0, replicas.Count(replica => isHidden || replica.Sync is "sync" or "quorum"));
        var stands = there < needed;
        var wrong = new List<string>();
        if (stands)
            wrong.Add($"Every commit waits: synchronous_standby_names = '{settings.Synchronous}' asks for {needed} that have caught up, and there are {there}. Bring them back, or take them out of that setting.");
        if (lagging.Count > 0)
            wrong.Add($"Behind: {string.Join(", ", lagging.Select(replica => $"{replica.Name} ({replica.State}, {replica.Sync}) by {Seconds(replica.Lag)}"))}. A synchronous one that lags holds up every commit.");
        if (slots.Count > 0)
            wrong.Add($"The server keeps its log of writes for whoever is to read it, and nobody does: {string.Join(", ", slots.Select(slot => string.Create(CultureInfo.InvariantCulture, $"{slot.Kept >> 20:N0} MiB for the replication slot {slot.Name}")))}. Have it read again, or drop the slot.");
        if (isHidden)
            wrong.Add($"There are replicas, {string.Join(", ", replicas.Select(replica => replica.Name))}, and this role may not see whether they are in step. Grant it pg_monitor.");
        return wrong.Count > 0
            ? new("replicas", stands ? FindingLevel.Fail : FindingLevel.Warn, string.Join(' ', wrong))
            : new("replicas", FindingLevel.Pass, replicas.Count == 0 ? "The server has no replicas." : $"In step: {string.Join(", ", replicas.Select(replica => $"{replica.Name} ({replica.Sync})"))}.");
    }

    /// <summary>How many standbys a commit waits for, by <c>synchronous_standby_names</c> (PostgreSQL manual, 20.6.2): the number before the brackets, and 1 where there is none.</summary>
    internal static int StandbysIn(string names) => NumberOfStandbys().Match(names) is { Success: true } match
        ? int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)
        : names.AsSpan().IsWhiteSpace() ? 0 : 1;

    [GeneratedRegex(@"^\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NumberOfStandbys();

    private Task<T> AskAsync<T>(string statement, Func<Npgsql.NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken, params Npgsql.NpgsqlParameter[] values) =>
        database.RunAsync(database.Batch().Add(statement, values), read, cancellationToken);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:N0} s");
}
