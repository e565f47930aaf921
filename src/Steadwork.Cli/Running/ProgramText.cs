using System.Text;

namespace Steadwork.Cli.Running;

/// <summary>What a program that ran as a job wrote, byte for byte where it was kept whole.</summary>
/// <param name="ExitCode">Its exit status; null when it never ran.</param>
/// <param name="Stdout">Its standard output.</param>
/// <param name="Stderr">Its standard error.</param>
internal readonly record struct ProgramText(int? ExitCode, byte[] Stdout, byte[] Stderr)
{
    public static ProgramText Of(Job job, ProgramOutputs outputs)
    {
        var (exitCode, stdout, stderr) = ProgramResult.Read(job.Result);
        return new ProgramText(exitCode, Whole(outputs.Whole(job.Id, "stdout")) ?? Encoding.UTF8.GetBytes(stdout), Whole(outputs.Whole(job.Id, "stderr")) ?? Encoding.UTF8.GetBytes(stderr));
    }

    private static byte[]? Whole(string path) => File.Exists(path) ? File.ReadAllBytes(path) : null;
}
