using Shouldly;
using Steadwork.Cli.Programs;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

public sealed class ProgramNotStartedTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Missing_file() => Refusal(_scratch.Program("/no/such/program")).ShouldBe("'/no/such/program' cannot be started: there is no such file.");

    [Fact]
    public void Missing_interpreter()
    {
        string script = _scratch.Script("script", "#!/no/such/interpreter\n");

        Refusal(_scratch.Program(script)).ShouldBe($"'{script}' cannot be started: the interpreter or loader that it names was not found.");
    }

    [Fact]
    public void Directory_instead_of_a_program() =>
        Refusal(_scratch.Program("/tmp")).ShouldBe("'/tmp' cannot be started: it is not a program that this user may execute.");

    [Fact]
    public void Too_long_an_argument() => Refusal(_scratch.Program("true", new string('x', 1 << 20))).ShouldContain("longer than the system allows");

    [Fact]
    public void Nul_in_an_argument() => Refusal(_scratch.Program("echo", "a\0b")).ShouldContain("NUL character");

    [Fact]
    public void Missing_output_directory()
    {
        string message = Refusal(_scratch.Program("true") with { OutputDirectory = "/no/such/directory" });

        message.ShouldBe("The program cannot be started without a file for its output in '/no/such/directory': No such file or directory.");
    }

    [Fact]
    public void Cancelled_before_it_began() =>
        Should.Throw<OperationCanceledException>(() => ProgramRun.Run(_scratch.Program("true"), new CancellationToken(canceled: true)));

    private string Refusal(ProgramStart start)
    {
        string message = Should.Throw<ProgramNotStarted>(() => Scratch.Run(start)).Message;
        Directory.GetFiles(_scratch.Output, "*.out").ShouldBeEmpty();
        Directory.GetFiles(_scratch.Output, "*.err").ShouldBeEmpty();
        return message;
    }
}
