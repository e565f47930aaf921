using System.Diagnostics;
using Shouldly;
using Steadwork.Cli.Programs;
using Steadwork.Workers.Recovery;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class ProgramGuardTests : IDisposable
{
    private const string Tree = """
        trap '' TERM HUP INT
        setsid sh -c 'trap "" TERM; : > "$1"; sleep 1000; sleep 1000' sh "$1" &
        sleep 1000 & wait; sleep 1000
        """;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Programs_of_a_worker_killed_outright_end()
    {
        string ready = _scratch.Pipe("ready");
        ProgramStart start = TestWorker.Start(_scratch, _scratch.Mark, Tree, ready);
        var info = new ProcessStartInfo(start.File, start.Arguments);
        info.Environment[start.Environment[0].Key] = start.Environment[0].Value;
        using Process worker = Process.Start(info)!;
        Scratch.Await(ready);
        List<MarkedProcess> programs = _scratch.Marked();
        programs.Count.ShouldBeGreaterThanOrEqualTo(2);

        worker.Kill();

        programs.All(program => program.WaitForEnd(Scratch.Patience)).ShouldBeTrue();
        _scratch.Marked().All(straggler => straggler.WaitForEnd(Scratch.Patience)).ShouldBeTrue();
    }

    [Fact]
    public async Task Guard_outlives_the_end_of_a_run_that_its_worker_is_part_of()
    {
        string ready = _scratch.Pipe("ready");
        using var source = new CancellationTokenSource();
        ProgramStart start = TestWorker.Start(_scratch, _scratch.Mark, Tree, ready) with { KillGrace = TimeSpan.Zero };
        Task<ProgramEnd> run = Task.Factory.StartNew(
            () => ProgramRun.Run(start, source.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Scratch.Await(ready);
        List<MarkedProcess> programs = _scratch.Marked();
        programs.Count.ShouldBeGreaterThanOrEqualTo(2);

        // The worker alone: had the guard inherited anything from it, the end of this run could be the guard's.
        KeyValuePair<string, string> inherited = start.Environment[0];
        List<MarkedProcess> heirs = [.. MarkedProcesses.Find(inherited.Key, inherited.Value)];
        heirs.ExceptBy(_scratch.Marked().Select(program => program.Id), heir => heir.Id).ShouldHaveSingleItem();

        source.Cancel();

        using ProgramEnd end = await run.WaitAsync(Scratch.Patience, TestContext.Current.CancellationToken);
        end.Cancelled.ShouldBeTrue();
        programs.All(program => program.WaitForEnd(Scratch.Patience)).ShouldBeTrue();
    }

    [Fact]
    public void Dismissed_guard_kills_nothing()
    {
        using (ProgramGuard.Start(Scratch.MarkName, _scratch.Mark))
        {
            Scratch.Run(_scratch.Shell("sleep 1000 &")).Dispose();
        }

        _scratch.Marked().ShouldHaveSingleItem().WaitForEnd(TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void Dismissal_is_quick_and_leaves_no_process()
    {
        var clock = Stopwatch.StartNew();
        ProgramGuard guard = ProgramGuard.Start(Scratch.MarkName, _scratch.Mark);
        guard.Dispose();
        guard.Dispose();

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        Directory.GetDirectories("/proc").ShouldNotContain(directory => CommandLineOf(directory).Contains(_scratch.Mark, StringComparison.Ordinal));
    }

    private static string CommandLineOf(string directory)
    {
        try
        {
            return File.ReadAllText(directory + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
