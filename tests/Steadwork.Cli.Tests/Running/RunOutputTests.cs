using System.Text;
using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests.Running;

/// <summary>Where the outputs of programs go.</summary>
public sealed class RunOutputTests : IDisposable
{
    private readonly Workshop workshop = new();

    public void Dispose() => workshop.Dispose();

    [Fact]
    public async Task Outputs_are_printed_as_the_items_end()
    {
        using var run = workshop.StartRun("slow\nfast\n", "--workers", "2", "--", "sh", "-c", "test $1 = fast || read -r line < gate; echo $1", "sh");
        (await run.NextLineAsync()).ShouldBe("fast");
        workshop.Gate.LetThrough(1);
        (await run.EndAsync()).Output.ShouldBe("fast\nslow\n");
    }

    [Fact]
    public async Task They_can_be_kept_in_the_order_of_the_items()
    {
        using var run = workshop.StartRun("slow\nfast\n", "--keep-order", "--workers", "2", "--", "sh", "-c", "test $1 = fast || { echo \"$1 $$ $PPID 1\" > begun; read -r line < gate; }; echo $1", "sh");
        using var slow = await workshop.Begun.NextBeginningAsync();
        // Job 1 cannot end before the gate opens.
        (await workshop.Folder.RunAsync("wait", "2", "--timeout", "60s")).Status.ShouldBe(0);
        workshop.Gate.LetThrough(1);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(0, ended.Error);
        ended.Output.ShouldBe("slow\nfast\n");
    }

    [Fact]
    public async Task Outputs_held_back_for_their_order_are_printed_when_the_run_is_ended_early()
    {
        using var run = workshop.StartRun("slow\nfast\n", "--keep-order", "--workers", "2", "--", "sh", "-c", "test $1 = fast || { echo \"$1 $$ $PPID 1\" > begun; read -r line < gate; }; echo $1", "sh");
        using var slow = await workshop.Begun.NextBeginningAsync();
        (await workshop.Folder.RunAsync("wait", "2", "--timeout", "60s")).Status.ShouldBe(0);
        run.Send(RunningCommand.Interrupt);
        await run.NextErrorAsync("interrupted");
        run.Send(RunningCommand.Interrupt);
        var ended = await run.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Output.ShouldBe("fast\n");
    }

    [Fact]
    public async Task Standard_error_goes_to_standard_error()
    {
        var ended = await workshop.RunAsync("a\n", "--", "sh", "-c", "echo out; echo err >&2", "sh");
        ended.Output.ShouldBe("out\n");
        ended.Error.ShouldStartWith("err\nrun sh-");
    }

    [Fact]
    public async Task Long_outputs_are_printed_whole_and_unmixed()
    {
        var ended = await workshop.RunAsync("a\nb\nc\nd\n", "--workers", "4", "--", "sh", "-c", "head -c 300000 /dev/zero | tr '\\0' $1; echo; head -c 100000 /dev/zero | tr '\\0' $1 >&2", "sh");
        ended.Status.ShouldBe(0);
        ended.Lines.Order().ShouldBe("abcd".Select(letter => new string(letter, 300_000)));
        ended.Error.ShouldContain(new string('a', 100_000));
        workshop.Leftovers.ShouldBeEmpty();
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_printed_as_they_are()
    {
        using var run = workshop.StartRun("a\n", "--", "printf", "\\000\\377\\376x\\200\\r\\n");
        (await run.EndAsync()).Status.ShouldBe(0);
        run.OutputBytes.ShouldBe([0x00, 0xFF, 0xFE, (byte)'x', 0x80, (byte)'\r', (byte)'\n']);
    }

    [Fact]
    public async Task Only_the_output_of_the_last_attempt_is_printed()
    {
        const string script = "test $STEADWORK_ATTEMPT = 2 && { echo short; exit 0; }; head -c 100000 /dev/zero | tr '\\0' x; exit 1";
        var ended = await workshop.RunAsync("a\n", "--retry-delay", "1ms", "--", "sh", "-c", script, "sh");
        ended.Output.ShouldBe("short\n");
    }

    [Fact]
    public async Task Whole_outputs_can_be_kept_in_a_folder()
    {
        var ended = await workshop.RunAsync("a\nb\n", "--workers", "1", "--results", "kept/here", "--", "sh", "-c", "head -c 100000 /dev/zero | tr '\\0' $1; test $1 = a || printf '\\377' >&2", "sh");
        ended.Status.ShouldBe(0, ended.Error);
        ended.Output.Length.ShouldBe(200_000);
        File.ReadAllText(workshop.Folder.File("kept/here/1/stdout")).ShouldBe(new string('a', 100_000));
        File.ReadAllBytes(workshop.Folder.File("kept/here/1/stderr")).ShouldBeEmpty();
        File.ReadAllBytes(workshop.Folder.File("kept/here/2/stderr")).ShouldBe([0xFF]);
        Directory.GetFileSystemEntries(workshop.Folder.File("kept"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(workshop.Folder.Path, path)).Order()
            .ShouldBe(["kept/here", "kept/here/1", "kept/here/1/stderr", "kept/here/1/stdout", "kept/here/2", "kept/here/2/stderr", "kept/here/2/stdout"]);
    }

    [Fact]
    public async Task What_killed_processes_left_in_the_folder_of_results_is_swept_by_the_next_start()
    {
        string[] arguments = ["--results", "kept", .. Workshop.Gated];
        using (var run = workshop.StartRun("a\n", arguments))
        {
            using var a = await workshop.Begun.NextBeginningAsync();
            run.Send(RunningCommand.Killed);
            await run.EndAsync();
            a.Worker.ShouldEnd();
            a.Program.ShouldEnd();
        }
        workshop.Gate.LetThrough(1);
        (await workshop.RunAsync("a\n", arguments)).Status.ShouldBe(0);
        Directory.GetFileSystemEntries(workshop.Folder.File("kept")).Select(Path.GetFileName).ShouldBe(["1"]);
    }

    [Fact]
    public async Task The_job_log_is_that_of_GNU_parallel()
    {
        // As GNU parallel 20221122 wrote it for the same commands, save for times and host.
        string[] header = ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"];
        var before = TimeProvider.System.GetUtcNow();
        string[] arguments = ["--null", "--workers", "1", "--attempts", "1", "--timeout", "2s", "--joblog", "log", "--", "sh", "-c", "echo é; case $0 in 2*) exit 3;; 3*) kill -KILL $$;; 4*) exec sleep 100;; esac"];
        (await workshop.RunAsync("1 a\u00002\n\u00003\u00004\u0000", arguments)).Status.ShouldBe(1);
        var after = TimeProvider.System.GetUtcNow();

        var lines = File.ReadAllText(workshop.Folder.File("log")).TrimEnd('\n').Split('\n').Select(line => line.Split('\t')).ToArray();
        lines[0].ShouldBe(header);
        lines.Length.ShouldBe(5);
        const string command = "sh -c 'echo é; case $0 in 2*) exit 3;; 3*) kill -KILL $$;; 4*) exec sleep 100;; esac' ";
        lines[1..].Select(line => string.Join('|', line[0], line[1], line[4], line[5], line[6], line[7], line[8].Replace('\0', '@')))
            .ShouldBe([$"1|:|0|3|0|0|{command}'1 a'", $"2|:|0|3|3|0|{command}'2@'", $"3|:|0|3|0|9|{command}3", $"4|:|0|3|-1|15|{command}4"]);
        foreach (var line in lines[1..])
        {
            line[2].ShouldMatch(@"^\d{10}\.\d{3}$");
            DateTimeOffset.FromUnixTimeMilliseconds((long)(double.Parse(line[2]) * 1000)).ShouldBeInRange(before.AddMilliseconds(-1), after);
            line[3].ShouldMatch(@"^ {5}\d\.\d{3}$");
        }
        double.Parse(lines[4][3]).ShouldBeInRange(1.9, 60);
    }

    [Fact]
    public async Task The_job_log_is_continued()
    {
        string[] arguments = ["--joblog", "log", "--json", "--", "sh", "-c", "head -c 100000 /dev/zero", "sh"];
        await workshop.RunAsync("a\n", arguments);
        await workshop.RunAsync("a\nb\n", arguments);
        var lines = File.ReadAllLines(workshop.Folder.File("log")).Select(line => line.Split('\t')).ToArray();
        lines.Select(line => $"{line[0]} {line[5]}").ShouldBe(["Seq Receive", "1 100000", "2 100000"]);
        workshop.Leftovers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_reader_that_has_enough_ends_the_run()
    {
        var list = string.Concat(Enumerable.Range(1, 500).Select(number => $"{number}\n"));
        using var shell = workshop.Start("sh", list, "-c", "{ \"$STEADWORK\" run --workers 2 -- echo; echo $? > status; } | head -n 1");
        var ended = await shell.EndAsync();
        ended.Lines.ShouldHaveSingleItem();
        ended.Error.ShouldContain("nobody reads the output any more");
        File.ReadAllText(workshop.Folder.File("status")).ShouldBe("1\n");

        var resumed = await workshop.RunAsync(list, "--", "echo");
        resumed.Status.ShouldBe(0, resumed.Error);
        resumed.Lines.Length.ShouldBeInRange(1, 499);
    }

    [Fact]
    public async Task A_reader_of_JSON_that_has_enough_ends_the_run()
    {
        var list = string.Concat(Enumerable.Range(1, 3000).Select(number => $"{number}\n"));
        using var shell = workshop.Start("sh", list, "-c", "{ \"$STEADWORK\" run --json --workers 2 -- echo; echo $? > status; } | head -n 1");
        (await shell.EndAsync()).Output.ShouldStartWith("""{"event":"started",""");
        File.ReadAllText(workshop.Folder.File("status")).ShouldBe("1\n");
    }

    [Fact]
    public async Task A_dry_run_whose_reader_has_enough_ends_quietly()
    {
        var list = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 50_000).Select(number => $"{number}\n")));
        using var shell = workshop.Start("sh", Encoding.UTF8.GetString(list), "-c", "\"$STEADWORK\" run --dry-run -- echo | head -n 1");
        (await shell.EndAsync()).Good().ShouldBe("echo 1\n");
    }
}
