using System.Diagnostics;
using System.Globalization;
using System.Text;
using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class ProgramRunTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(77)]
    [InlineData(255)]
    public void Exit_code_is_the_programs(int code)
    {
        using ProgramEnd end = Scratch.Run(_scratch.Shell("exit $1", code.ToString(CultureInfo.InvariantCulture)));

        end.ExitCode.ShouldBe(code);
        end.Signal.ShouldBe(0);
        end.TimedOut.ShouldBeFalse();
        end.Cancelled.ShouldBeFalse();
    }

    [Theory]
    [InlineData("KILL", 9)]
    [InlineData("TERM", 15)]
    [InlineData("PIPE", 13)]
    public void Death_by_signal_is_128_and_the_signal(string name, int number)
    {
        using ProgramEnd end = Scratch.Run(_scratch.Shell("kill -s $1 $$", name));

        end.Signal.ShouldBe(number);
        end.ExitCode.ShouldBe(128 + number);
    }

    [Fact]
    public void Arguments_arrive_as_they_are()
    {
        string[] arguments = ["", " ", "a b", "*", "$HOME", "'\"\\", "line\nbreak", "größe 🎈", "-n"];

        string output = Scratch.OutputOf(_scratch.Shell("""for a; do printf '%s\0' "$a"; done""", arguments));

        output.ShouldBe(string.Concat(arguments.Select(static argument => argument + "\0")));
    }

    [Fact]
    public void Environment_is_inherited_added_to_and_replaced()
    {
        // env, as a shell would itself drop a name that came twice.
        ProgramStart start = _scratch.Program("env") with { Environment = [new("ADDED", "a=b c"), new("PATH", "/replaced")] };

        string[] lines = Scratch.OutputOf(start).Split('\n');

        lines.ShouldContain("ADDED=a=b c");
        lines.Where(line => line.StartsWith("PATH=", StringComparison.Ordinal)).ShouldBe(["PATH=/replaced"]);
        Scratch.OutputOf(_scratch.Program("env")).Split('\n').ShouldContain($"PATH={Environment.GetEnvironmentVariable("PATH")}");
    }

    [Fact]
    public void Standard_input_is_empty_unless_given()
    {
        Scratch.OutputOf(_scratch.Shell("wc -c; readlink /proc/self/fd/0")).ShouldBe("0\n/dev/null\n");
        Scratch.OutputOf(_scratch.Program("wc", "-c") with { StandardInput = ReadOnlyMemory<byte>.Empty }).ShouldBe("0\n");
    }

    [Fact]
    public void Standard_input_is_read_from_its_start_to_its_end()
    {
        byte[] input = new byte[1 << 20];
        new Random(1).NextBytes(input);
        using ProgramEnd end = Scratch.Run(_scratch.Program("cat") with { StandardInput = input });

        end.StandardOutput.Length.ShouldBe(input.Length);
        end.StandardOutput.Tail(int.MaxValue).AsSpan().SequenceEqual(input).ShouldBeTrue();
    }

    [Fact]
    public void A_program_that_never_reads_its_input_has_not_failed()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Program("true") with { StandardInput = new byte[1 << 20] });

        end.ExitCode.ShouldBe(0);
    }

    [Fact]
    public void No_descriptor_leaks_into_the_program()
    {
        int inheritable = Libc.Open("/dev/null", Libc.ReadOnly, 0);
        try
        {
            // The last is the directory that ls itself has open.
            Scratch.OutputOf(_scratch.Program("ls", "/proc/self/fd") with { StandardInput = new byte[1] }).ShouldBe("0\n1\n2\n3\n");
        }
        finally
        {
            Libc.Close(inheritable);
        }
    }

    [Fact]
    public void No_signal_is_ignored_or_blocked_in_the_program()
    {
        string[] status = Scratch.OutputOf(_scratch.Program("cat", "/proc/self/status")).Split('\n');

        status.ShouldContain("SigIgn:\t0000000000000000");
        status.ShouldContain("SigBlk:\t0000000000000000");
    }

    [Fact]
    public void Program_leads_a_group_of_its_own()
    {
        string[] fields = Scratch.OutputOf(_scratch.Program("cat", "/proc/self/stat")).Split(' ');

        fields[4].ShouldBe(fields[0]);
    }

    [Fact]
    public void Script_without_an_interpreter_line_is_run_by_sh()
    {
        string script = _scratch.Script("plain", """printf '%s|' "$0" "$@" """);

        Scratch.OutputOf(_scratch.Program(script, "a b", "c")).ShouldBe($"{script}|a b|c|");
    }

    [Fact]
    public void Children_left_behind_by_a_program_that_ended_are_left_alone()
    {
        var clock = Stopwatch.StartNew();
        using ProgramEnd end = Scratch.Run(_scratch.Shell("sleep 1000 & echo started"));

        end.ExitCode.ShouldBe(0);
        clock.Elapsed.ShouldBeLessThan(Scratch.Patience);
        _scratch.Marked().ShouldHaveSingleItem().WaitForEnd(TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void Many_at_once_keep_their_own_output_and_leave_nothing_behind()
    {
        int descriptors = Directory.GetFiles("/proc/self/fd").Length;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            string word = i.ToString(CultureInfo.InvariantCulture);
            using ProgramEnd end = ProgramRun.Run(_scratch.Shell("echo $1; echo err $1 >&2; exit $(($1 % 2))", word), CancellationToken.None);
            end.ExitCode.ShouldBe(i % 2);
            Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe(word + "\n");
            Encoding.UTF8.GetString(end.StandardError.Tail(100)).ShouldBe($"err {word}\n");
        });

        Directory.GetFiles(_scratch.Output).ShouldBeEmpty();
        Directory.GetFiles("/proc/self/fd").Length.ShouldBeLessThan(descriptors + 100);
    }

    [Fact]
    public void Children_of_the_runtimes_own_process_class_keep_their_exit_codes()
    {
        using var other = Process.Start(new ProcessStartInfo("sh", ["-c", "read line; exit 42"]) { RedirectStandardInput = true })!;
        for (int i = 0; i < 20; i++)
        {
            using ProgramEnd end = Scratch.Run(_scratch.Shell("exit 3"));
            end.ExitCode.ShouldBe(3);
        }

        other.StandardInput.Close();
        other.WaitForExit(Scratch.Patience).ShouldBeTrue();
        other.ExitCode.ShouldBe(42);
    }

    [Fact]
    public void Exit_code_reaches_a_worker_whose_starter_ignores_the_end_of_children()
    {
        ProgramStart worker = TestWorker.Start(_scratch, _scratch.Mark, "exit 7", "");

        using ProgramEnd end = Scratch.Run(worker with { File = ProgramFile.Find("env")!, Arguments = ["--ignore-signal=CHLD", worker.File, .. worker.Arguments] });

        end.ExitCode.ShouldBe(7);
    }

    [Fact]
    public void Start_and_elapsed_time_are_recorded()
    {
        DateTimeOffset before = TimeProvider.System.GetUtcNow();
        using ProgramEnd end = Scratch.Run(_scratch.Program("sleep", "0.05"));

        end.Started.ShouldBeInRange(before, TimeProvider.System.GetUtcNow());
        end.Elapsed.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50));
    }
}
