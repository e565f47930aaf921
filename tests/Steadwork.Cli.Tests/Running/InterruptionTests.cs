using System.Diagnostics;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>Whatever ends a run early, nothing is lost and the next start goes on.</summary>
public abstract class InterruptionTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    // One attempt each: one that is broken off must not count.
    private static readonly string[] Arguments = ["--workers", "1", "--attempts", "1", .. Workshop.Gated];

    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private async Task ShouldResumeAsync(string list, int alreadyDone, params string[] ledger)
    {
        workshop.Gate.LetThrough(ledger.Length);
        var ended = await workshop.RunAsync(list, ["--json", .. Arguments]);
        ended.Status.ShouldBe(0, ended.Lines[^1]);
        ended.Lines[^1].ShouldBe($$"""{"event":"finished","items":{{ledger.Length}},"succeeded":{{ledger.Length}},"failed":0,"remaining":0,"duplicates":0,"alreadyDone":{{alreadyDone}}}""");
        workshop.Ledger.ShouldBe(ledger, ignoreOrder: true);
        workshop.Leftovers.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(RunningCommand.Interrupt)]
    [InlineData(RunningCommand.Terminate)]
    public async Task A_first_signal_lets_what_runs_end(int signal)
    {
        using var run = workshop.StartRun("a\nb\nc\n", Arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        run.Send(signal);
        await run.NextErrorAsync("interrupted: no more items are begun");
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Output.ShouldBe("a\n");
        ended.Error.ShouldContain(", interrupted\n  succeeded                1\n  remaining                2  the same command goes on with them\n");
        workshop.Ledger.ShouldBe(["a"]);
        await ShouldResumeAsync("a\nb\nc\n", 1, "a", "b", "c");
    }

    [Fact]
    public async Task A_second_one_ends_it_at_once()
    {
        using var run = workshop.StartRun("a\nb\n", Arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        run.Send(RunningCommand.Interrupt);
        await run.NextErrorAsync("interrupted");
        run.Send(RunningCommand.Interrupt);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(130);
        a.Program.ShouldEnd();
        a.Worker.ShouldEnd();
        ended.Error.ShouldContain("remaining                2");
        workshop.Ledger.ShouldBeEmpty();
        await ShouldResumeAsync("a\nb\n", 0, "a", "b");
    }

    [Fact]
    public async Task Ctrl_C_in_a_terminal_reaches_all_processes_and_drains_all_the_same()
    {
        // A group of its own, all of which gets the signal, as from a terminal.
        using var run = workshop.Start("setsid", "a\nb\n", [SteadworkProcess.ProgramPath, "run", .. Arguments]);
        using var a = await workshop.Begun.NextBeginningAsync();
        WatchedProcess.SendSignal(-run.Id, RunningCommand.Interrupt).ShouldBe(0);
        await run.NextErrorAsync("interrupted");
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Output.ShouldBe("a\n");
        await ShouldResumeAsync("a\nb\n", 1, "a", "b");
    }

    [Fact]
    public async Task A_terminal_that_is_closed_ends_it_at_once()
    {
        using var run = workshop.Start("setsid", "a\nb\n", [SteadworkProcess.ProgramPath, "run", .. Arguments]);
        using var a = await workshop.Begun.NextBeginningAsync();
        WatchedProcess.SendSignal(-run.Id, RunningCommand.HangUp).ShouldBe(0);
        (await run.EndAsync()).Status.ShouldBe(130);
        a.Program.ShouldEnd();
        await ShouldResumeAsync("a\nb\n", 0, "a", "b");
    }

    [Fact]
    public async Task An_orchestrator_that_is_killed_takes_its_workers_and_their_programs_along()
    {
        string[] arguments = [.. Arguments[2..4], "--workers", "2", .. Workshop.Gated];
        using (var run = workshop.StartRun("a\nb\nc\n", arguments))
        {
            using var one = await workshop.Begun.NextBeginningAsync();
            using var other = await workshop.Begun.NextBeginningAsync();
            run.Send(RunningCommand.Killed);
            (await run.EndAsync()).Status.ShouldBe(137);
            foreach (var begun in new[] { one, other })
            {
                begun.Program.ShouldEnd();
                begun.Worker.ShouldEnd();
            }
        }
        workshop.Ledger.ShouldBeEmpty();
        await ShouldResumeAsync("a\nb\nc\n", 0, "a", "b", "c");
    }

    [Fact]
    public async Task The_next_start_may_come_at_once()
    {
        using var run = workshop.StartRun("a\n", Arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        run.Send(RunningCommand.Killed);
        using var next = workshop.StartRun("a\n", Arguments);
        using var again = await workshop.Begun.NextBeginningAsync();
        a.Program.ShouldEnd();
        again.Attempt.ShouldBe(2);
        workshop.Gate.LetThrough(1);
        (await next.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["a"]);
    }

    [Fact]
    public async Task A_worker_that_dies_is_replaced_and_its_item_runs_again()
    {
        const string tree = "setsid sh -c 'echo \"below $$ $PPID 0\" > begun; while :; do sleep 1000; done' & echo \"$1 $$ $PPID $STEADWORK_ATTEMPT\" > begun; read -r line < gate; echo \"$1\" >> ledger; kill $!; echo $1";
        using var run = workshop.StartRun("a\n", "--workers", "1", "--", "sh", "-c", tree, "sh");
        using var one = await workshop.Begun.NextBeginningAsync();
        using var other = await workshop.Begun.NextBeginningAsync();
        var a = one.Item == "a" ? one : other;
        a.Attempt.ShouldBe(1);
        var watch = Stopwatch.StartNew();
        a.Worker.Kill();
        using var again = await workshop.Begun.NextBeginningAsync();
        var took = watch.Elapsed;
        using var below = await workshop.Begun.NextBeginningAsync();
        one.Program.ShouldEnd();
        other.Program.ShouldEnd();
        new[] { again, below }.Max(begun => begun.Attempt).ShouldBe(2);
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(0, ended.Error);
        ended.Output.ShouldBe("a\n");
        ended.Error.ShouldContain("workers replaced         1  they died; their items ran again\n");
        workshop.Ledger.ShouldBe(["a"]);
        TestContext.Current.TestOutputHelper?.WriteLine($"The item ran again {took.TotalMilliseconds:F0} ms after its worker was killed, in a new worker.");
        took.ShouldBeLessThan(TimeSpan.FromSeconds(25), "its death shows long before its lease of 30 s has run out");
    }

    [Theory]
    [InlineData("env -i /bin/sh")]
    [InlineData("env -u STEADWORK_WORKER -u STEADWORK_PROGRAM sh")]
    public async Task A_program_that_throws_its_mark_away_ends_with_its_worker_all_the_same(string shell)
    {
        string[] program = ["--", .. shell.Split(' '), "-c", "sleep 1000 & echo \"below $! $PPID 0\" > begun; echo \"$1 $$ $PPID 0\" > begun; read -r line < gate; kill $!; echo \"$1\" >> ledger", "sh"];
        using var run = workshop.StartRun("a\n", ["--workers", "1", .. program]);
        using var below = await workshop.Begun.NextBeginningAsync();
        using var a = await workshop.Begun.NextBeginningAsync();
        UntilNoted(a.Program.Id);
        a.Worker.Kill();
        using var belowAgain = await workshop.Begun.NextBeginningAsync();
        // Before it runs again, not some time after.
        (a.Program.HasEnded, below.Program.HasEnded).ShouldBe((true, true));
        workshop.Gate.LetThrough(1);
        (await run.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["a"]);
    }

    [Fact]
    public async Task A_program_that_throws_its_mark_away_ends_also_when_all_processes_of_the_run_are_killed()
    {
        string[] program = ["--", "env", "-i", "/bin/sh", "-c", "echo \"$1 $$ $PPID 0\" > begun; read -r line < gate", "sh"];
        using var run = workshop.StartRun("a\n", ["--workers", "1", .. program]);
        using var a = await workshop.Begun.NextBeginningAsync();
        UntilNoted(a.Program.Id);
        WatchedProcess.SendSignal(run.Id, 9).ShouldBe(0);
        a.Worker.Kill();
        a.Program.ShouldEnd();
    }

    [Fact]
    public async Task The_item_of_a_dead_worker_goes_to_one_that_is_free()
    {
        const string script = "test $1 = b && exit; echo \"$1 $$ $PPID $STEADWORK_ATTEMPT\" > begun; read -r line < gate";
        using var run = workshop.StartRun("a\nb\nc\n", "--workers", "2", "--", "sh", "-c", script, "sh");
        using var one = await workshop.Begun.NextBeginningAsync();
        using var other = await workshop.Begun.NextBeginningAsync();
        (await workshop.Folder.RunAsync("wait", "2", "--timeout", "60s")).Status.ShouldBe(0);
        workshop.Gate.LetThrough(1);
        await Task.WhenAny(WaitAsync("1"), WaitAsync("3"));
        var atWork = (await workshop.Folder.JsonAsync("show", "1")).GetProperty("state").GetString() == "running" ? "a" : "c";
        var dying = one.Item == atWork ? one : other;
        var watch = Stopwatch.StartNew();
        dying.Worker.Kill();
        using var again = await workshop.Begun.NextBeginningAsync();
        var took = watch.Elapsed;
        again.Item.ShouldBe(atWork);
        dying.Program.ShouldEnd();
        workshop.Gate.LetThrough(1);
        (await run.EndAsync()).Status.ShouldBe(0);
        TestContext.Current.TestOutputHelper?.WriteLine($"The item ran again {took.TotalMilliseconds:F0} ms after its worker was killed, in one that was free.");
        took.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    /// <summary>A worker notes the group of a program a moment after its start; on a busy machine the program may be ahead of it.</summary>
    private void UntilNoted(int program)
    {
        string?[] roots = [workshop.Folder.Path, Environment.GetEnvironmentVariable("XDG_DATA_HOME")];
        var watch = Stopwatch.StartNew();
        while (!roots.OfType<string>().SelectMany(root => Directory.EnumerateFiles(root, "*.programs", SearchOption.AllDirectories)).Any(file => File.ReadAllText(file).Contains($"\n{program} ", StringComparison.Ordinal)))
            watch.Elapsed.ShouldBeLessThan(SteadworkProcess.Patience);
    }

    private Task<Ended> WaitAsync(string job) => workshop.Folder.RunAsync("wait", job, "--timeout", "60s");

    [Fact]
    public async Task A_run_whose_items_are_done_does_not_hold_out_for_those_of_another_start()
    {
        var gateOfA = workshop.Pipe("gate-a");
        workshop.Pipe("gate-b");
        workshop.Pipe("gate-c");
        string[] arguments = ["--workers", "1", "--", "sh", "-c", "echo \"$1 $$ $PPID 1\" > begun; read -r line < gate-$1", "sh"];
        using var first = workshop.StartRun("a\n", arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        using var second = workshop.StartRun("b\nc\n", arguments);
        using var b = await workshop.Begun.NextBeginningAsync();
        // It must not see that its own item is done before its worker is at the other one: that would be given back unbegun.
        first.Send(RunningCommand.Halt);
        gateOfA.LetThrough(1);
        using var c = await workshop.Begun.NextBeginningAsync();
        first.Send(RunningCommand.Continue);
        (c.Item, c.Worker.Id).ShouldBe(("c", a.Worker.Id));
        // Two signals, since two of the same kind may become one.
        first.Send(RunningCommand.Interrupt);
        first.Send(RunningCommand.Terminate);
        (await first.EndAsync()).Status.ShouldBe(130);
        c.Program.ShouldEnd();
        second.Send(RunningCommand.Interrupt);
        second.Send(RunningCommand.Terminate);
        (await second.EndAsync()).Status.ShouldBe(130);
    }

    [Fact]
    public async Task A_worker_that_is_told_to_end_finishes_its_item_and_is_replaced()
    {
        using var run = workshop.StartRun("a\nb\n", Arguments);
        using var a = await workshop.Begun.NextBeginningAsync();
        WatchedProcess.SendSignal(a.Worker.Id, RunningCommand.Terminate).ShouldBe(0);
        workshop.Gate.LetThrough(2);
        using var b = await workshop.Begun.NextBeginningAsync();
        (a.Attempt, b.Item, b.Attempt).ShouldBe((1, "b", 1));
        (await run.EndAsync()).Status.ShouldBe(0);
        workshop.Ledger.ShouldBe(["a", "b"]);
    }
}
