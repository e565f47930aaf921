using System.Text;
using Shouldly;
using Steadwork.Cli.Programs;
using Steadwork.Workers.Recovery;
using Xunit;

namespace Steadwork.Cli.Tests.Programs;

/// <summary>A directory, and programs run in it that bear a mark of this test; what is left of them is killed with it.</summary>
internal sealed class Scratch : IDisposable
{
    public const string MarkName = "STEADWORK_TEST_MARK";

    /// <summary>Longer than anything here takes on a busy machine; a test that hangs fails by it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("steadwork-programs-");

    public string Mark { get; } = Guid.NewGuid().ToString("N");

    public string Output => _directory.FullName;

    public string File(string name) => Path.Combine(_directory.FullName, name);

    public string Script(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        OutputOf(Program("chmod", "700", File(name)));
        return File(name);
    }

    public ProgramStart Program(string name, params string[] arguments) => new()
    {
        File = ProgramFile.Find(name) ?? name,
        Arguments = arguments,
        Environment = [new(MarkName, Mark)],
        OutputDirectory = Output,
        Timeout = Patience,
    };

    public ProgramStart Shell(string script, params string[] arguments) => Program("sh", ["-c", script, "sh", .. arguments]);

    public static ProgramEnd Run(ProgramStart start) => ProgramRun.Run(start, TestContext.Current.CancellationToken);

    /// <summary>Runs a program that must succeed; answers what it wrote.</summary>
    public static string OutputOf(ProgramStart start)
    {
        using ProgramEnd end = Run(start);
        Encoding.UTF8.GetString(end.StandardError.Tail(4096)).ShouldBeEmpty();
        end.ExitCode.ShouldBe(0);
        return Encoding.UTF8.GetString(end.StandardOutput.Tail(int.MaxValue));
    }

    /// <summary>A named pipe: whoever opens it waits for the other side, so that a script can say how far it is.</summary>
    public string Pipe(string name)
    {
        OutputOf(Program("mkfifo", File(name)));
        return File(name);
    }

    /// <summary>What was written to the pipe, once all its writers have closed it.</summary>
    public static string Await(string pipe)
    {
        Task<string> text = Task.Factory.StartNew(
            () => System.IO.File.ReadAllText(pipe), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        text.Wait(Patience, TestContext.Current.CancellationToken).ShouldBeTrue("nobody wrote to the pipe");
        return text.Result.Trim();
    }

    /// <summary>The living processes that bear the mark.</summary>
    public List<MarkedProcess> Marked() => [.. MarkedProcesses.Find(MarkName, Mark)];

    public void Dispose()
    {
        MarkedProcesses.Kill(MarkName, Mark);
        _directory.Delete(recursive: true);
    }
}
