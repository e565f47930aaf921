using Shouldly;
using Steadwork.Soak.Faults;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>The short form of <c>./soak keys</c>.</summary>
public abstract class KeyKillTests<TStore>(ITestOutputHelper output) : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("steadwork-keys-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Workers_that_are_killed_never_run_two_jobs_of_one_key_at_once_and_lose_none()
    {
        using var place = new TStore { Folder = folder.FullName };
        var report = await new KeyRun(SteadworkProcess.ProgramPath, folder.FullName, seed: 20261126, output.WriteLine).OnMachineAsync(place, jobs: 300, keys: 20);
        report.Violations.ShouldBeEmpty(string.Join('\n', report.Lines));
    }
}
