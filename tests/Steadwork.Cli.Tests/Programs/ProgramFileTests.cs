using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class ProgramFileTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Name_is_looked_up_in_the_path()
    {
        string found = ProgramFile.Find("sh").ShouldNotBeNull();

        Path.IsPathRooted(found).ShouldBeTrue();
        Path.GetFileName(found).ShouldBe("sh");
    }

    [Fact]
    public void Path_stands_for_itself()
    {
        string script = _scratch.Script("tool", "");

        ProgramFile.Find(script).ShouldBe(script);
        ProgramFile.Find(Path.GetRelativePath(Environment.CurrentDirectory, script)).ShouldBe(script);
    }

    [Fact]
    public void Link_to_a_program_is_one()
    {
        string script = _scratch.Script("tool", "");
        File.CreateSymbolicLink(_scratch.File("link"), script);

        ProgramFile.Find(_scratch.File("link")).ShouldBe(_scratch.File("link"));
    }

    [Fact]
    public void What_cannot_be_executed_is_not_found()
    {
        File.WriteAllText(_scratch.File("text"), "no program");

        ProgramFile.Find(_scratch.File("text")).ShouldBeNull();
        ProgramFile.Find(_scratch.Output).ShouldBeNull();
        ProgramFile.Find("/dev/null").ShouldBeNull();
        ProgramFile.Find(_scratch.File("missing")).ShouldBeNull();
        ProgramFile.Find("steadwork-has-no-such-program").ShouldBeNull();
        ProgramFile.Find("").ShouldBeNull();
        ProgramFile.Find("sh\0").ShouldBeNull();
    }
}
