using Shouldly;
using Steadwork.Cli.Running;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

public sealed class RunFolderTests : IDisposable
{
    // No process has such a number, as if it were that of another container.
    private const string Elsewhere = ".steadwork-run-2000000000-";
    private readonly string parent = Directory.CreateTempSubdirectory("steadwork-cli-").FullName;

    public void Dispose() => Directory.Delete(parent, recursive: true);

    [Fact]
    public void What_others_are_just_making_or_hold_is_left_and_what_they_have_left_is_swept()
    {
        var making = Make("making");
        var abandoned = Make("abandoned");
        var left = Make("left");
        var held = Make("held");
        File.WriteAllText(Path.Combine(left, "lock"), "");
        Directory.SetLastWriteTimeUtc(abandoned, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-2));
        using var claim = new FileStream(Path.Combine(held, "lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);

        using (var folder = new RunFolder(parent))
            Directory.GetDirectories(parent).ShouldBe([making, held, folder.Path], ignoreOrder: true);

        Directory.GetDirectories(parent).ShouldBe([making, held], ignoreOrder: true);
    }

    private string Make(string name) => Directory.CreateDirectory(Path.Combine(parent, Elsewhere + name)).FullName;
}
