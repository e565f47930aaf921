using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Kills the primary of two PostgreSQL servers under load and promotes its standby, which has every acknowledged commit by
/// synchronous replication; then the dead one is made anew as the standby of the other.
/// </summary>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class Failover(string folder, Action<string> progress)
{
    private static readonly TimeSpan WorkLimit = TimeSpan.FromSeconds(30), EndLimit = TimeSpan.FromMinutes(2), SyncLimit = TimeSpan.FromMinutes(1);

    public async Task<FaultReport> RunAsync(int failovers)
    {
        var primary = await PostgresServer.MakeAsync(Path.Combine(folder, "server-0"), settings: "synchronous_commit = on");
        var standby = await primary.MakeStandbyAsync(Path.Combine(folder, "server-1"));
        try
        {
            var both = $"Host={primary.Address},{standby.Address};Username=steadwork;Database=postgres;Target Session Attributes=primary";
            await WaitForSyncAsync(primary);
            await using var load = await SteadyLoad.StartAsync(both);
            var times = new List<double>();
            var violations = new List<string>();
            for (var done = 0; done < failovers; done++)
            {
                if (done > 0)
                {
                    standby = await primary.MakeStandbyAsync(Path.Combine(folder, $"server-{done + 1}"), standby.Port);
                    await WaitForSyncAsync(primary);
                }
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1500, 3000)), TimeProvider.System);
                await (done % 2 == 0 ? primary.KillAsync() : primary.StopImmediatelyAsync());
                await standby.PromoteAsync();
                if (await load.WorksAgainAsync(WorkLimit) is { } time)
                    times.Add(time.TotalMilliseconds);
                else
                    violations.Add($"{WorkLimit} after promotion {done + 1} the work had not gone on");
                await primary.DisposeAsync();
                (primary, standby) = (standby, primary);
                progress($"{done + 1} of {failovers} failovers, {load.Ledger.Acknowledged.Count} jobs acknowledged");
            }
            violations.AddRange(await load.DrainAsync(EndLimit));

            await using var store = await PostgreSqlStore.OpenAsync(both);
            var inspection = new Inspection(store, load.Ledger);
            await inspection.RunAsync();
            violations.AddRange(inspection.Violations);
            return new FaultReport([$"{failovers} failovers", .. inspection.Lines, $"the work went on after a promotion: {times.InWords()}", load.Counts], violations);
        }
        finally
        {
            await standby.DisposeAsync();
            await primary.DisposeAsync();
        }
    }

    /// <summary>From here on the primary acknowledges nothing that its standby does not have.</summary>
    private static async Task WaitForSyncAsync(PostgresServer primary)
    {
        await primary.SetAsync("synchronous_standby_names", "*");
        var end = (string)(await primary.ExecuteAsync("SELECT pg_current_wal_lsn()::text"))!;
        if (!await Until.TrueAsync(async () => (long)(await primary.ExecuteAsync($"SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= '{end}'"))! > 0, SyncLimit))
            throw new TimeoutException($"The standby was not in step within {SyncLimit}.");
    }
}
