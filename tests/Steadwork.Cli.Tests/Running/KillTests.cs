using Shouldly;
using Steadwork.Soak;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>The short form of <c>./soak kills</c>.</summary>
public sealed class KillTests : IDisposable
{
    private readonly CliFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Killed_at_a_hundred_random_points_a_run_ends_with_each_item_succeeded_once_and_never_two_programs_on_one()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("seed {0}", seed);
        var report = await new KillRun(SteadworkProcess.ProgramPath, folder.Path, round => new SqliteFile { Folder = round }, seed, _ => { }).RunAsync(100);
        report.Violations.Take(10).ShouldBeEmpty($"seed {seed}");
        report.Kills.Values.Sum().ShouldBe(100);
        report.Starts.ShouldBeGreaterThanOrEqualTo(report.Items);
    }
}
