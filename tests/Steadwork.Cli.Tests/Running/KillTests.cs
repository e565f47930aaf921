using Shouldly;
using Steadwork.Soak;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>The short form of <c>./soak kills</c>.</summary>
public abstract class KillTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private const int Kills = 100;
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Killed_at_random_points_a_run_ends_with_each_item_succeeded_once_and_never_two_programs_on_one()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("seed {0}", seed);
        var report = await new KillRun(SteadworkProcess.ProgramPath, folder.Path, round => new TStore { Folder = round }, seed, _ => { }).RunAsync(Kills);
        report.Violations.Take(10).ShouldBeEmpty($"seed {seed}");
        report.Kills.Values.Sum().ShouldBe(Kills);
        report.Starts.ShouldBeGreaterThanOrEqualTo(report.Items);
    }
}
