using System.Text.Json;
using Shouldly;
using Steadwork.Soak.Stores;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>What becomes of items whose program does not end well, or not in time.</summary>
public abstract class AttemptTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly Workshop workshop = Workshop.On<TStore>();

    public void Dispose() => workshop.Dispose();

    private async Task<JsonElement> JobAsync(int id = 1) => await workshop.Folder.JsonAsync("show", id.ToString());

    private static string ErrorOf(JsonElement job) => $"{job.GetProperty("lastError").GetProperty("type").GetString()}: {job.GetProperty("lastError").GetProperty("message").GetString()}";

    [Fact]
    public async Task A_failed_attempt_is_followed_by_others_up_to_the_limit()
    {
        var ended = await workshop.RunAsync("a\n", "--attempts", "3", "--retry-delay", "1ms", "--", "sh", "-c", "echo x >> ledger; echo said; echo why >&2; exit 7", "sh");
        ended.Status.ShouldBe(1);
        workshop.Ledger.Length.ShouldBe(3);
        ended.Output.ShouldBe("said\n");
        var job = await JobAsync();
        job.GetProperty("state").GetString().ShouldBe("failed");
        ErrorOf(job).ShouldBe("exit-code: The program ended with exit status 7. why");
        job.GetProperty("result").GetRawText().Replace(" ", "").Replace("\n", "").ShouldBe("""{"exitCode":7,"stdout":"said\n","stderr":"why\n"}""");
        job.GetProperty("attempts").EnumerateArray().Select(attempt => attempt.GetProperty("outcome").GetString()).ShouldBe(["failed", "failed", "failed"]);
    }

    [Fact]
    public async Task A_later_attempt_can_succeed_and_leaves_no_error()
    {
        var ended = await workshop.RunAsync("a\n", "--retry-delay", "1ms", "--", "sh", "-c", "echo \"$STEADWORK_ATTEMPT\"; test \"$STEADWORK_ATTEMPT\" = 3", "sh");
        ended.Status.ShouldBe(0, ended.Error);
        ended.Output.ShouldBe("3\n");
        var job = await JobAsync();
        job.GetProperty("lastError").ValueKind.ShouldBe(JsonValueKind.Null);
        job.GetProperty("result").GetProperty("exitCode").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task The_end_of_both_outputs_is_kept_for_each_attempt()
    {
        const string script = "head -c 70000 /dev/zero | tr '\\0' \"$STEADWORK_ATTEMPT\"; echo ü; echo \"error $STEADWORK_ATTEMPT\" >&2; exit 1";
        await workshop.RunAsync("a\n", "--attempts", "2", "--retry-delay", "1ms", "--", "sh", "-c", script, "sh");
        await using var store = workshop.Folder.OpenStore();
        var attempts = await store.AttemptsAsync(new JobId(1), TestContext.Current.CancellationToken);
        foreach (var attempt in attempts.OrderBy(attempt => attempt.Number))
        {
            var result = JsonDocument.Parse(attempt.Result).RootElement;
            var stdout = result.GetProperty("stdout").GetString()!;
            stdout.ShouldBe(new string((char)('0' + attempt.Number), 65_536 - 3) + "ü\n");
            result.GetProperty("stderr").GetString().ShouldBe($"error {attempt.Number}\n");
        }
        attempts.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_death_by_signal_is_a_failure()
    {
        (await workshop.RunAsync("a\n", "--attempts", "1", "--", "sh", "-c", "kill -KILL $$", "sh")).Status.ShouldBe(1);
        var job = await JobAsync();
        ErrorOf(job).ShouldBe("signal: The program was killed by signal 9.");
        job.GetProperty("result").GetProperty("exitCode").GetInt32().ShouldBe(137);
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_a_failure_of_its_item()
    {
        workshop.Script("broken", "#!/nowhere/interpreter\n");
        var ended = await workshop.RunAsync("./broken\nno-such-program\ntrue\n", "--workers", "1", "--attempts", "1", "--", "{}");
        ended.Status.ShouldBe(1);
        ErrorOf(await JobAsync(1)).ShouldEndWith("broken' cannot be started: the interpreter or loader that it names was not found.");
        ErrorOf(await JobAsync(2)).ShouldEndWith("There is no program 'no-such-program'.");
        (await JobAsync(3)).GetProperty("state").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task An_argument_that_is_too_long_for_the_system_is_a_failure_of_its_item()
    {
        var ended = await workshop.RunAsync($"{new string('x', 200_000)}\nb\n", "--attempts", "1", "--", "echo");
        ended.Status.ShouldBe(1);
        ended.Output.ShouldBe("b\n");
        ErrorOf(await JobAsync()).ShouldContain("longer than the system allows");
    }

    [Fact]
    public async Task A_timeout_ends_the_whole_process_tree()
    {
        const string script = """
            setsid sh -c 'trap "" TERM; echo "grandchild $$ $PPID 1" > begun; while :; do sleep 1000; done' &
            sh -c 'echo "child $$ $PPID 1" > begun; sleep 1000' &
            echo "program $$ $PPID 1" > begun
            echo before
            wait
            """;
        using var run = workshop.StartRun("a\n", "--attempts", "1", "--timeout", "2s", "--", "sh", "-c", script, "sh");
        using var first = await workshop.Begun.NextBeginningAsync();
        using var second = await workshop.Begun.NextBeginningAsync();
        using var third = await workshop.Begun.NextBeginningAsync();
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(1);
        ended.Output.ShouldBe("before\n");
        foreach (var process in new[] { first, second, third })
            process.Program.ShouldEnd();
        ErrorOf(await JobAsync()).ShouldStartWith("timeout: The program was ended after its timeout of 2s.");
    }

    [Fact]
    public async Task An_attempt_after_a_timeout_has_its_whole_time_again()
    {
        var ended = await workshop.RunAsync("a\n", "--timeout", "1500ms", "--retry-delay", "1ms", "--", "sh", "-c", "test $STEADWORK_ATTEMPT = 2 || exec sleep 1000", "sh");
        ended.Status.ShouldBe(0, ended.Error);
        (await JobAsync()).GetProperty("attempt").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task A_program_that_leaves_a_child_behind_has_ended_when_it_ends()
    {
        using var run = workshop.StartRun("a\n", "--", "sh", "-c", "sh -c 'echo \"left $$ $PPID 1\" > begun; read -r line < gate' & read -r line < gate; echo done", "sh");
        using var left = await workshop.Begun.NextBeginningAsync();
        workshop.Gate.LetThrough(1);
        // The line may be the child's; then the program waits on.
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(0, ended.Error);
        ended.Output.ShouldBe("done\n");
    }

    [Fact]
    public async Task Enough_failures_halt_the_run()
    {
        string[] arguments = ["--workers", "1", "--attempts", "1", "--halt", "fail=2", "--", "sh", "-c", "echo \"$1\" >> ledger; case $1 in bad*) exit 1;; esac; read -r line < gate", "sh"];
        var list = "bad1\nbad2\n" + string.Concat(Enumerable.Range(1, 20).Select(number => $"good{number}\n"));
        using (var run = workshop.StartRun(list, arguments))
        {
            await run.NextErrorAsync("halted: 2 failed: no more items are begun");
            workshop.Gate.LetThrough(20);
            var ended = await run.EndAsync();
            ended.Status.ShouldBe(1);
            ended.Error.ShouldContain("run sh-");
            ended.Error.ShouldContain(", halted: 2 failed\n");
        }
        workshop.Ledger.ShouldBe(["bad1", "bad2"]);

        // Failures of an earlier start are no reason to halt this one.
        workshop.Gate.LetThrough(20);
        var resumed = await workshop.RunAsync(list, arguments);
        resumed.Status.ShouldBe(1);
        resumed.Error.ShouldNotContain("halted");
        workshop.Ledger.Length.ShouldBe(22);
    }

    [Fact]
    public async Task No_worker_begins_an_item_after_the_failure_that_halts()
    {
        string[] arguments = ["--workers", "4", "--attempts", "1", "--halt", "fail=1", "--json", "--", "sh", "-c", "echo \"$1 $$\" > begun; read -r line < gate; echo \"$1\" >> ledger; exit 1", "sh"];
        using var run = workshop.StartRun(string.Concat(Enumerable.Range(1, 100).Select(number => $"{number}\n")), arguments);
        for (var worker = 0; worker < 4; worker++)
            await workshop.Begun.NextAsync();
        workshop.Gate.LetThrough(4);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(1);
        workshop.Ledger.Length.ShouldBe(4, "those that ran when the first failed, and no other");
    }

    [Fact]
    public async Task A_halt_is_named_also_when_every_item_has_ended()
    {
        var ended = await workshop.RunAsync("a\n", "--attempts", "1", "--halt", "fail=1", "--", "false");
        ended.Status.ShouldBe(1);
        ended.Error.ShouldContain(", halted: 1 failed\n");
    }

    [Fact]
    public async Task An_item_that_waits_for_its_turn_has_not_begun()
    {
        using var run = workshop.StartRun("a\nb\n", ["--workers", "1", "--delay", "1h", .. Workshop.Gated]);
        using var first = await workshop.Begun.NextBeginningAsync();
        workshop.Gate.LetThrough(1);
        first.Program.ShouldEnd();
        while ((await workshop.Folder.JsonAsync("show", "2")).GetProperty("state").GetString() is not "running")
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        (await workshop.Folder.RunAsync("cancel", "2")).Status.ShouldBe(0);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(1);
        ended.Output.ShouldBe("a\n");
        var waited = await workshop.Folder.JsonAsync("show", "2");
        (waited.GetProperty("state").GetString(), waited.GetProperty("attempt").GetInt32()).ShouldBe(("cancelled", 0));
    }

    [Fact]
    public async Task Starts_keep_their_distance()
    {
        var ended = await workshop.RunAsync("a\nb\nc\nd\n", "--workers", "4", "--delay", "300ms", "--", "sh", "-c", "date +%s%N >> ledger", "sh");
        ended.Status.ShouldBe(0, ended.Error);
        var starts = workshop.Ledger.Select(long.Parse).Order().ToArray();
        // A busy machine may hold up the first of them; of 900 ms, less than 600 would be none of its doing.
        TimeSpan.FromMicroseconds((starts[^1] - starts[0]) / 1000).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(600));
    }

    [Fact]
    public async Task An_item_can_be_cancelled_from_elsewhere()
    {
        using var run = workshop.StartRun("a\nb\n", ["--workers", "2", .. Workshop.Gated]);
        using var one = await workshop.Begun.NextBeginningAsync();
        using var other = await workshop.Begun.NextBeginningAsync();
        var a = one.Item == "a" ? one : other;
        (await workshop.Folder.RunAsync("cancel", "1")).Status.ShouldBe(0);
        a.Program.ShouldEnd();
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(1);
        ended.Error.ShouldContain("cancelled                1");
        ended.Output.ShouldBe("b\n");
    }
}
