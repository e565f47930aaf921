using System.Reflection;
using System.Runtime.CompilerServices;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Tests.Programs;

/// <summary>
/// A worker to be killed: this test program started once more, which then runs one guarded program instead of tests.
/// Nothing smaller shows what becomes of descriptors and children when a real .NET process dies.
/// </summary>
internal static class TestWorker
{
    private const string Role = "STEADWORK_TEST_WORKER";

    /// <summary>A worker that guards <paramref name="mark"/> and runs a script, in a shell, that bears it.</summary>
    public static ProgramStart Start(Scratch scratch, string mark, string script, string argument)
    {
        string file = Environment.ProcessPath!;
        bool hosted = Path.GetFileNameWithoutExtension(file) == "dotnet";
        return new ProgramStart
        {
            File = file,
            Arguments = hosted ? [Assembly.GetExecutingAssembly().Location] : [],
            Environment = [new(Role, string.Join('\n', mark, scratch.Output, argument, script))],
            OutputDirectory = scratch.Output,
            Timeout = Scratch.Patience,
        };
    }

    [ModuleInitializer]
    internal static void Work()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } role)
        {
            return;
        }

        string[] parts = role.Split('\n', 4);
        Environment.Exit(Run(mark: parts[0], output: parts[1], argument: parts[2], script: parts[3]));
    }

    private static int Run(string mark, string output, string argument, string script)
    {
        using ProgramGuard guard = ProgramGuard.Start(Scratch.MarkName, mark);
        using ProgramEnd end = ProgramRun.Run(
            new ProgramStart
            {
                File = "/bin/sh",
                Arguments = ["-c", script, "sh", argument],
                Environment = [new(Scratch.MarkName, mark)],
                OutputDirectory = output,
            },
            CancellationToken.None);
        return end.ExitCode;
    }
}
