using System.Text;
using Shouldly;
using Steadwork.Cli.Programs;
using Steadwork.Workers.Recovery;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

/// <summary>How a program is made to end.</summary>
public sealed class ProgramEndingTests : IDisposable
{
    // Long enough for a script to have set its traps, on a busy machine too.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(300);

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Timeout_asks_first()
    {
        ProgramStart start = _scratch.Shell("trap 'echo tidied; exit 7' TERM; while :; do sleep 0.05; done") with { Timeout = s_timeout, KillGrace = Scratch.Patience };

        using ProgramEnd end = Scratch.Run(start);

        end.TimedOut.ShouldBeTrue();
        end.Cancelled.ShouldBeFalse();
        end.ExitCode.ShouldBe(7);
        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("tidied\n");
        end.Elapsed.ShouldBeInRange(s_timeout, Scratch.Patience / 2);
    }

    [Fact]
    public void Timeout_kills_what_does_not_listen()
    {
        ProgramStart start = _scratch.Shell("trap '' TERM; while :; do sleep 1000; done") with { Timeout = s_timeout, KillGrace = s_grace };

        using ProgramEnd end = Scratch.Run(start);

        end.TimedOut.ShouldBeTrue();
        end.Signal.ShouldBe(9);
        end.ExitCode.ShouldBe(137);
        end.Elapsed.ShouldBeGreaterThanOrEqualTo(s_timeout + s_grace);
        _scratch.Marked().ShouldBeEmpty();
    }

    [Fact]
    public void Timeout_ends_a_stopped_program() =>
        Ended(_scratch.Shell("kill -s STOP $$") with { Timeout = s_timeout, KillGrace = Scratch.Patience }).Signal.ShouldBe(15);

    [Fact]
    public void Timeout_ends_the_whole_tree()
    {
        const string tree = """
            trap '' TERM
            setsid sh -c "trap '' TERM; sleep 1000 & setsid sleep 1000 & wait; sleep 1000" &
            (trap - TERM; sleep 1000) &
            wait; sleep 1000
            """;

        using ProgramEnd end = Ended(_scratch.Shell(tree) with { Timeout = s_timeout, KillGrace = s_grace });

        end.TimedOut.ShouldBeTrue();
        _scratch.Marked().ShouldBeEmpty();
    }

    [Fact]
    public void Timeout_reaches_children_of_a_program_that_went_at_once()
    {
        string ready = _scratch.Pipe("ready");
        const string program = """setsid sh -c "trap '' TERM; : > $1; sleep 1000; sleep 1000" & wait""";

        using ProgramEnd end = CancelledOn(ready, _scratch.Shell(program, ready) with { KillGrace = s_grace });

        end.Signal.ShouldBe(15);
        _scratch.Marked().ShouldBeEmpty();
    }

    [Fact]
    public void Children_have_the_grace_time_even_when_the_program_goes_at_once()
    {
        string ready = _scratch.Pipe("ready");
        const string program = """sh -c "trap 'sleep 0.2; echo tidied; exit' TERM; : > $1; while :; do sleep 0.05; done" & wait""";

        using ProgramEnd end = CancelledOn(ready, _scratch.Shell(program, ready) with { KillGrace = Scratch.Patience });

        end.Signal.ShouldBe(15);
        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("tidied\n");
        end.Elapsed.ShouldBeLessThan(Scratch.Patience / 2);
    }

    [Fact]
    public void Child_in_a_session_of_its_own_is_asked_first_as_well()
    {
        string ready = _scratch.Pipe("ready");
        const string program = """setsid sh -c "trap 'echo tidied; exit' TERM; : > $1; while :; do sleep 0.05; done" & wait""";

        using ProgramEnd end = CancelledOn(ready, _scratch.Shell(program, ready) with { KillGrace = Scratch.Patience });

        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("tidied\n");
        _scratch.Marked().ShouldBeEmpty();
    }

    [Fact]
    public void Members_of_the_group_are_asked_once()
    {
        string ready = _scratch.Pipe("ready");
        const string program = """
            trap 'echo asked; asked=1' TERM
            : > $1
            turn=0
            while [ ! "$asked" ] && [ $turn -lt 20000000 ]; do turn=$((turn + 1)); done
            sleep 0.3
            """;

        using ProgramEnd end = CancelledOn(ready, _scratch.Shell(program, ready) with { KillGrace = Scratch.Patience });

        end.ExitCode.ShouldBe(0);
        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("asked\n");
    }

    [Fact]
    public void Cancellation_ends_it()
    {
        string ready = _scratch.Pipe("ready");

        using ProgramEnd end = CancelledOn(ready, _scratch.Shell(": > $1; exec sleep 1000", ready));

        end.Cancelled.ShouldBeTrue();
        end.TimedOut.ShouldBeFalse();
        end.ExitCode.ShouldBe(143);
    }

    [Fact]
    public void Only_the_marked_and_nobody_else_are_killed()
    {
        using var neighbour = new Scratch();
        Scratch.Run(neighbour.Shell("sleep 1000 &")).Dispose();
        Scratch.Run(_scratch.Shell("sleep 1000 & sleep 1000 & setsid sleep 1000 &")).Dispose();

        MarkedProcesses.Kill(Scratch.MarkName, _scratch.Mark).ShouldBe(3);
        MarkedProcesses.Kill(Scratch.MarkName, _scratch.Mark).ShouldBe(0);
        MarkedProcesses.Kill(Scratch.MarkName, neighbour.Mark[..8]).ShouldBe(0);
        neighbour.Marked().ShouldHaveSingleItem();
    }

    [Fact]
    public void Process_that_is_always_amid_exec_is_found()
    {
        string script = _scratch.Script("again", "#!/bin/sh\nexec \"$0\"\n");
        Scratch.Run(_scratch.Shell("""setsid "$1" &""", script)).Dispose();

        for (int look = 0; look < 50; look++)
        {
            _scratch.Marked().ShouldHaveSingleItem().Dispose();
        }

        MarkedProcesses.Kill(Scratch.MarkName, _scratch.Mark).ShouldBe(1);
        _scratch.Marked().ShouldBeEmpty();
    }

    private static ProgramEnd Ended(ProgramStart start)
    {
        ProgramEnd end = Scratch.Run(start);
        end.Elapsed.ShouldBeLessThan(Scratch.Patience / 2);
        return end;
    }

    private static ProgramEnd CancelledOn(string ready, ProgramStart start)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task<ProgramEnd> run = Task.Factory.StartNew(
            () => ProgramRun.Run(start, source.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Scratch.Await(ready);
        source.Cancel();
        run.Wait(Scratch.Patience, CancellationToken.None).ShouldBeTrue();
        run.Result.Cancelled.ShouldBeTrue();
        return run.Result;
    }
}
