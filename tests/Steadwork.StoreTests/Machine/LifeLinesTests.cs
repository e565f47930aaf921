using Shouldly;
using Steadwork.Machine;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Machine;

/// <summary>The folder by which the processes of one machine see that a worker has died: whoever leaves it last removes it.</summary>
public sealed class LifeLinesTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly WorkerFolder folder;

    public LifeLinesTests() => folder = new WorkerFolder(temporary.File("workers"));

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void A_worker_of_which_nothing_is_left_can_be_cut_when_the_folder_has_gone()
    {
        using var lines = new LifeLines(folder);
        lines.Tie(new WorkerId(1), capacity: 4);
        lines.Cut(new WorkerId(1));
        folder.RemoveIfEmpty();
        Directory.Exists(temporary.File("workers")).ShouldBeFalse();

        lines.Cut(new WorkerId(1));
        lines.TakeDead().ShouldBeEmpty();
        lines.HasDied(new WorkerId(1)).ShouldBeFalse();
        lines.MarksOf(new WorkerId(1)).ShouldBeNull();
    }

    [Fact]
    public void Processes_that_come_and_go_at_the_same_moment_do_not_take_the_folder_from_each_other()
    {
        const int Lives = 2000;
        Parallel.Invoke(() => Live(0), () => Live(Lives), () => Live(2 * Lives));

        Directory.Exists(temporary.File("workers")).ShouldBeFalse();

        void Live(int from)
        {
            for (var number = from + 1; number <= from + Lives; number++)
            {
                // Each is a process of its own: it knows of the others by what is in the folder.
                using var lines = new LifeLines(folder);
                lines.Tie(new WorkerId(number), capacity: 1);
                foreach (var (_, held) in lines.TakeDead())
                    held.Dispose();
                lines.Cut(new WorkerId(number));
                folder.RemoveIfEmpty();
            }
        }
    }
}
