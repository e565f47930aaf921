using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.Soak;
using Steadwork.Soak.Faults;
using Steadwork.Soak.Servers;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.FaultTests;

/// <summary>The short forms of <c>./soak</c> on PostgreSQL.</summary>
[Collection(OneAfterTheOther)]
public sealed class FaultTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Each keeps a machine busy.</summary>
    internal const string OneAfterTheOther = "one after the other";

    private readonly string folder = TakeFolder();

    internal static string Cli => Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? throw new InvalidOperationException("Set STEADWORK_CLI to the steadwork program, or run the tests by ./test.");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_server_that_crashes_under_load_loses_nothing_acknowledged_and_takes_no_completion_twice() =>
        Check(await new PostgresRestarts(folder, output.WriteLine).RunAsync(3));

    [Fact]
    public async Task Behind_a_pooler_in_transaction_mode_it_is_the_same() =>
        Check(await new PostgresRestarts(folder, output.WriteLine, pooled: true).RunAsync(2));

    [Fact]
    public async Task A_primary_that_is_killed_under_load_is_followed_by_its_standby_without_loss_and_without_help() =>
        Check(await new Failover(folder, output.WriteLine).RunAsync(1));

    [Fact]
    public async Task A_dead_listening_connection_costs_a_poll_and_not_more() =>
        Check(await new DeadListener(folder, output.WriteLine, isAlone: false).RunAsync(50));

    [Fact]
    public async Task Claims_beside_a_transaction_that_does_nothing_do_not_step_over_all_that_is_done() =>
        Check(await new IdleTransaction(folder, output.WriteLine, isAlone: false).RunAsync(6));

    [Fact]
    public async Task The_room_of_jobs_that_were_pruned_is_used_for_those_that_come() =>
        Check(await new PrunedHistory(folder, output.WriteLine).RunAsync(20_000));

    [Fact]
    public async Task A_host_that_is_cut_off_loses_its_jobs_to_the_others_and_completes_none_that_they_have_run()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make hosts of its own.");
        Check(await new CutHosts(Cli, folder, output.WriteLine).RunAsync(1));
    }

    [Fact]
    public async Task Workers_that_are_killed_and_hosts_that_are_cut_off_never_run_two_jobs_of_one_key_at_once()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make hosts of its own.");
        Check(await new KeyRun(Cli, folder, seed: 20261126, output.WriteLine).OnHostsAsync(jobs: 300, keys: 20));
    }

    [Fact]
    public async Task A_standby_that_lags_is_told_of()
    {
        await using var primary = await PostgresServer.MakeAsync(Path.Combine(folder, "primary"));
        await using var standby = await primary.MakeStandbyAsync(Path.Combine(folder, "standby"));
        await using var store = await PostgreSqlStore.OpenAsync(primary.Url, new PostgreSqlStoreOptions { ReplicaLag = TimeSpan.FromMilliseconds(500) }, TestContext.Current.CancellationToken);
        (await UntilAsync(store, "replicas", FindingLevel.Pass)).ShouldStartWith("In step: walreceiver (async)");

        await primary.ExecuteAsync("CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA steadwork TO looker; GRANT SELECT ON ALL TABLES IN SCHEMA steadwork TO looker; GRANT SELECT ON ALL SEQUENCES IN SCHEMA steadwork TO looker");
        await using (var lookers = await PostgreSqlStore.OpenAsync(primary.Url.Replace("steadwork@", "looker@", StringComparison.Ordinal), null, TestContext.Current.CancellationToken))
            (await FindingAsync(lookers, "replicas")).ShouldBe(new Finding("replicas", FindingLevel.Warn, "There are replicas, walreceiver, and this role may not see whether they are in step. Grant it pg_monitor."));

        await standby.ExecuteAsync("SELECT pg_wal_replay_pause()");
        (await UntilAsync(store, "replicas", FindingLevel.Warn)).ShouldMatch(@"^Behind: walreceiver \(streaming, async\) by \d+ s\.");

        await standby.ExecuteAsync("SELECT pg_wal_replay_resume()");
        await UntilAsync(store, "replicas", FindingLevel.Pass);
    }

    [Fact]
    public async Task A_standby_that_is_gone_and_that_commits_wait_for_or_the_log_is_kept_for_is_told_of()
    {
        await using var primary = await PostgresServer.MakeAsync(Path.Combine(folder, "primary"));
        await using var store = await PostgreSqlStore.OpenAsync(primary.Url, new PostgreSqlStoreOptions { KeptLog = 1 << 20 }, TestContext.Current.CancellationToken);
        (await FindingAsync(store, "replicas")).ShouldBe(new Finding("replicas", FindingLevel.Pass, "The server has no replicas."));

        await primary.ExecuteAsync("SELECT pg_create_physical_replication_slot('gone', true); CREATE TABLE written AS SELECT place FROM generate_series(1, 100000) AS place");
        (await FindingAsync(store, "replicas")).ShouldSatisfyAllConditions(
            finding => finding.Level.ShouldBe(FindingLevel.Warn),
            finding => finding.Text.ShouldMatch(@"^The server keeps its log of writes for whoever is to read it, and nobody does: \d+ MiB for the replication slot gone\. Have it read again, or drop the slot\.$"));
        await primary.ExecuteAsync("SELECT pg_drop_replication_slot('gone')");

        await using (var standby = await primary.MakeStandbyAsync(Path.Combine(folder, "standby")))
        {
            await primary.SetAsync("synchronous_standby_names", "FIRST 1 (walreceiver)");
            await FoundAsync(FindingLevel.Pass, "In step: walreceiver (sync).");
        }
        await FoundAsync(FindingLevel.Fail, "Every commit waits: synchronous_standby_names = 'FIRST 1 (walreceiver)' asks for 1 that have caught up, and there are 0. Bring them back, or take them out of that setting.");
        // Else it would wait, too, as it is closed.
        await primary.SetAsync("synchronous_standby_names", "");

        // The server puts settings into force when it finds the time, and so it notices who is gone.
        async Task FoundAsync(FindingLevel level, string text)
        {
            var found = await FindingAsync(store, "replicas");
            (await Until.TrueAsync(async () => (found = await FindingAsync(store, "replicas")) == new Finding("replicas", level, text), TimeSpan.FromMinutes(1))).ShouldBeTrue(found.ToString());
        }
    }

    [Fact]
    public async Task Dead_rows_that_nothing_removes_are_told_of()
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var store = await PostgreSqlStore.OpenAsync(server.Url, null, TestContext.Current.CancellationToken);
        (await UntilAsync(store, "dead rows", FindingLevel.Pass)).ShouldBe("Dead rows are removed in time.");

        await server.ExecuteAsync("CREATE TABLE steadwork.spent WITH (autovacuum_enabled = off) AS SELECT place FROM generate_series(1, 60000) AS place");
        await server.ExecuteAsync("DELETE FROM steadwork.spent");
        (await UntilAsync(store, "dead rows", FindingLevel.Warn)).ShouldBe("spent: 60,000 dead rows for 0 live ones. autovacuum does not keep up: see snapshot, or give it more workers.");
    }

    /// <summary>What an examination says of one thing, once it says so at that level: the server counts when it finds the time.</summary>
    private static async Task<string> UntilAsync(PostgreSqlStore store, string name, FindingLevel level)
    {
        var found = new Finding(name, FindingLevel.Fail, "");
        (await Until.TrueAsync(async () =>
        {
            // How far a standby is behind shows in what it has yet to do.
            await store.EnqueueAsync([new NewJob { Type = "note", Payload = "{}"u8.ToArray() }], TestContext.Current.CancellationToken);
            found = await FindingAsync(store, name);
            return found.Level == level;
        }, TimeSpan.FromMinutes(1))).ShouldBeTrue(found.Text);
        return found.Text;
    }

    private static async Task<Finding> FindingAsync(PostgreSqlStore store, string name) =>
        (await store.ExamineAsync(TestContext.Current.CancellationToken)).Single(finding => finding.Name == name);

    internal static string TakeFolder()
    {
        var folder = Directory.CreateTempSubdirectory("steadwork-faults-").FullName;
        // What stores leave on this machine for its user goes with the folder.
        Environment.SetEnvironmentVariable("XDG_DATA_HOME", folder);
        return folder;
    }

    private void Check(FaultReport report)
    {
        foreach (var line in report.Lines)
            output.WriteLine(line);
        report.Violations.Take(10).ShouldBeEmpty();
    }
}
