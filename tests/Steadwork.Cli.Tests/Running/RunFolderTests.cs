using Shouldly;
using Steadwork.Cli.Running;
using Steadwork.Machine;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

public sealed class RunFolderTests : IDisposable
{
    private readonly string parent = Directory.CreateTempSubdirectory("steadwork-cli-").FullName;

    public void Dispose() => Directory.Delete(parent, recursive: true);

    [Fact]
    public void What_others_are_just_making_or_hold_is_left_and_what_they_have_left_is_swept()
    {
        var making = Make(".steadwork-aside-making");
        var abandoned = Make(".steadwork-aside-abandoned");
        var left = Make(".steadwork-run-left");
        var held = Make(".steadwork-run-held");
        var cleaned = Make(".steadwork-run-cleaned");
        File.WriteAllText(Path.Combine(left, "lock"), "");
        File.WriteAllText(Path.Combine(left, "1.out"), "an output");
        Directory.SetLastWriteTimeUtc(abandoned, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        using var claim = FileLock.TryTake(Path.Combine(held, "lock"));

        using (var folder = new RunFolder(parent))
            Directory.GetDirectories(parent).ShouldBe([making, held, cleaned, folder.Path], ignoreOrder: true);

        Directory.GetDirectories(parent).ShouldBe([making, held, cleaned], ignoreOrder: true);
    }

    [Fact]
    public void One_whose_process_number_is_that_of_a_living_process_is_swept_when_its_own_has_gone()
    {
        // Every container's first process is number 1, and there is always one here.
        File.WriteAllText(Path.Combine(Make(".steadwork-run-1-x"), "lock"), "");

        using var folder = new RunFolder(parent);

        Directory.GetDirectories(parent).ShouldBe([folder.Path]);
    }

    [Fact]
    public void Those_made_at_the_same_moment_never_sweep_each_other()
    {
        var missing = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (var time = 0; time < 100; time++)
            {
                using var folder = new RunFolder(parent);
                using var next = new RunFolder(parent);
                if (!Directory.Exists(folder.Path) || !Directory.Exists(next.Path))
                    Interlocked.Increment(ref missing);
            }
        });

        missing.ShouldBe(0);
        Directory.GetDirectories(parent).ShouldBeEmpty();
    }

    [Fact]
    public void One_that_was_cleaned_away_is_made_anew_and_held()
    {
        using var folder = new RunFolder(parent);
        Directory.Delete(folder.Path, recursive: true);

        Parallel.For(0, 8, _ => Directory.Exists(folder.Path).ShouldBeTrue());

        Directory.GetDirectories(parent).ShouldBe([folder.Path]);
        FileLock.TryTake(Path.Combine(folder.Path, "lock")).ShouldBeNull();
        File.GetUnixFileMode(folder.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void One_whose_lock_leads_elsewhere_is_not_touched()
    {
        var elsewhere = Path.Combine(parent, "elsewhere");
        var laid = Make(".steadwork-run-laid");
        File.WriteAllText(elsewhere, "");
        File.CreateSymbolicLink(Path.Combine(laid, "lock"), elsewhere);

        using var folder = new RunFolder(parent);

        Directory.GetDirectories(parent).ShouldBe([laid, folder.Path], ignoreOrder: true);
    }

    private string Make(string name) => Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
}
