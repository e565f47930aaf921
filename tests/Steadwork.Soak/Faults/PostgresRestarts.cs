using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Restarts a PostgreSQL server under load with <c>pg_ctl -m immediate</c>, which is a crash to it, and in between ends
/// backends of the store wherever they are, commits included.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
/// <param name="pooled">Whether the load comes through a PgBouncer in transaction mode.</param>
public sealed class PostgresRestarts(string folder, Action<string> progress, bool pooled = false)
{
    private const int TerminationsARound = 5, LooksForOne = 100;
    private static readonly TimeSpan FirstClaimLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(2);

    // One that waits for its commit to reach the disk, if there is one in this moment: it will have committed, and cannot say so.
    private const string TerminateCommitting = """
        SELECT count(pg_terminate_backend(pid)) FROM (
            SELECT pid FROM pg_stat_activity WHERE application_name = 'steadwork' AND lower(wait_event) IN ('walsync', 'walwrite') LIMIT 1
        ) AS victim
        """;

    // Else one at work: those that wait for a client can lose nothing.
    private const string TerminateOne = """
        SELECT count(pg_terminate_backend(pid)) FROM (
            SELECT pid FROM pg_stat_activity WHERE application_name = 'steadwork' ORDER BY state = 'active' DESC, random() LIMIT 1
        ) AS victim
        """;

    public async Task<FaultReport> RunAsync(int restarts)
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var pooler = pooled ? await Pooler.StartAsync(Path.Combine(folder, "pooler"), server.Port) : null;
        await using var load = await SteadyLoad.StartAsync(pooler?.Url ?? server.Url);
        var accepting = new List<DateTimeOffset>();
        var (terminated, committing) = (0L, 0L);
        for (var done = 0; done < restarts; done++)
        {
            for (var times = 0; times < TerminationsARound; times++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(100, 500)), TimeProvider.System);
                // Every second one, so that all that a backend does is met.
                var ended = times % 2 == 0 ? await EndCommittingAsync(server) : 0;
                committing += ended;
                terminated += ended > 0 ? ended : (long)(await server.ExecuteAsync(TerminateOne))!;
            }
            await server.StopImmediatelyAsync();
            await server.StartAsync();
            accepting.Add(TimeProvider.System.GetUtcNow());
            progress($"{done + 1} of {restarts} restarts, {terminated} backends terminated, {load.Ledger.Acknowledged.Count} jobs acknowledged");
        }
        // The last one is followed by work, too.
        var worksAgain = await load.WorksAgainAsync(FirstClaimLimit) is not null;
        var violations = await load.DrainAsync(EndLimit);
        if (!worksAgain)
            violations.Add($"{FirstClaimLimit} after the last restart the work had not gone on");

        if (committing == 0)
            violations.Add("no backend was ended while it waited for its commit");

        await using var store = await PostgreSqlStore.OpenAsync(server.Url);
        var inspection = new Inspection(store, load.Ledger);
        await inspection.RunAsync();
        violations.AddRange(inspection.Violations);
        violations.AddRange(inspection.LateClaims(accepting, FirstClaimLimit));
        return new FaultReport([
            $"{restarts} restarts, {terminated} backends terminated, {committing} of them while they waited for their commit", .. inspection.Lines, inspection.ClaimsAfter("a restart", accepting), load.Counts], violations);
    }

    /// <summary>Looks for one as often as it takes, but not for ever.</summary>
    private static async Task<long> EndCommittingAsync(PostgresServer server)
    {
        var ended = 0L;
        for (var look = 0; look < LooksForOne && ended == 0; look++)
            ended = (long)(await server.ExecuteAsync(TerminateCommitting))!;
        return ended;
    }
}
