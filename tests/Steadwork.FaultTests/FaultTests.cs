using Shouldly;
using Steadwork.Soak;
using Steadwork.Soak.Faults;
using Xunit;

namespace Steadwork.FaultTests;

/// <summary>The short forms of <c>./soak</c> on PostgreSQL. In one class, so that they run one after the other: each keeps a machine busy.</summary>
public sealed class FaultTests(ITestOutputHelper output) : IDisposable
{
    private readonly string folder = TakeFolder();

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
        Check(await new DeadListener(folder, output.WriteLine).RunAsync(50));

    [Fact]
    public async Task A_host_that_is_cut_off_loses_its_jobs_to_the_others_and_completes_none_that_they_have_run()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make hosts of its own.");
        var cli = Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? throw new InvalidOperationException("Set STEADWORK_CLI to the steadwork program, or run the tests by ./test.");
        Check(await new CutHosts(cli, folder, output.WriteLine).RunAsync(1));
    }

    private static string TakeFolder()
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
