using System.Text;
using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class CapturedTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Tail_is_the_last_bytes_of_a_long_output()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Shell("seq 1 100000"));

        end.StandardOutput.Length.ShouldBe(588895);
        byte[] tail = end.StandardOutput.Tail(64 * 1024);
        tail.Length.ShouldBe(64 * 1024);
        Encoding.UTF8.GetString(tail).ShouldEndWith("\n99999\n100000\n");
        end.StandardOutput.Tail(int.MaxValue).Length.ShouldBe(588895);
    }

    [Theory]
    [InlineData("aé", 1, "")]
    [InlineData("aé", 2, "é")]
    [InlineData("aé", 3, "aé")]
    [InlineData("€uro", 5, "uro")]
    [InlineData("€uro", 6, "€uro")]
    [InlineData("x🎈y", 1, "y")]
    [InlineData("x🎈y", 2, "y")]
    [InlineData("x🎈y", 4, "y")]
    [InlineData("x🎈y", 5, "🎈y")]
    public void Tail_does_not_begin_inside_a_character(string output, int bytes, string tail)
    {
        using ProgramEnd end = Scratch.Run(_scratch.Program("printf", "%s", output));

        Encoding.UTF8.GetString(end.StandardOutput.Tail(bytes)).ShouldBe(tail);
    }

    [Fact]
    public void Output_that_begins_with_a_broken_character_is_shown_whole()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Program("printf", @"\200\200x"));

        end.StandardOutput.Tail(3).ShouldBe([0x80, 0x80, (byte)'x']);
    }

    [Fact]
    public void Outputs_are_kept_apart_and_in_private_files()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Shell("echo out; echo err >&2"));

        File.ReadAllText(end.StandardOutput.Path!).ShouldBe("out\n");
        File.ReadAllText(end.StandardError.Path!).ShouldBe("err\n");
        Scratch.OutputOf(_scratch.Program("stat", "-c", "%a", end.StandardOutput.Path!)).ShouldBe("600\n");
    }

    [Fact]
    public void No_file_is_left_of_an_empty_output()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Program("true"));

        end.StandardOutput.Length.ShouldBe(0);
        end.StandardOutput.Tail(100).ShouldBeEmpty();
        end.StandardOutput.Path.ShouldBeNull();
        end.StandardOutput.Keep();
        Directory.GetFiles(_scratch.Output).ShouldBeEmpty();
    }

    [Fact]
    public void Only_what_is_kept_outlives_the_run()
    {
        ProgramEnd end = Scratch.Run(_scratch.Shell("echo out; echo err >&2"));
        end.StandardOutput.Keep();
        end.Dispose();
        end.Dispose();

        Directory.GetFiles(_scratch.Output).ShouldBe([end.StandardOutput.Path!]);
    }

    [Fact]
    public void What_a_child_writes_after_the_end_does_not_count()
    {
        string go = _scratch.Pipe("go");
        string done = _scratch.Pipe("done");
        using ProgramEnd end = Scratch.Run(_scratch.Shell("""(read line < "$1"; echo late; : > "$2") & echo early""", go, done));
        File.WriteAllText(go, "go\n");
        Scratch.Await(done);

        File.ReadAllText(end.StandardOutput.Path!).ShouldBe("early\nlate\n");
        end.StandardOutput.Length.ShouldBe(6);
        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("early\n");
    }

    [Fact]
    public void Program_may_cut_its_own_output_short()
    {
        using ProgramEnd end = Scratch.Run(_scratch.Shell("echo long; truncate -s 2 /proc/self/fd/1"));

        Encoding.UTF8.GetString(end.StandardOutput.Tail(100)).ShouldBe("lo");
    }
}
