using System.Text;

namespace Steadwork.Cli.Running;

/// <summary>What a program that ran as a job wrote, byte for byte where it was kept whole.</summary>
/// <param name="ExitCode">Its exit status; null when it never ran.</param>
/// <param name="Stdout">Its standard output.</param>
/// <param name="Stderr">Its standard error.</param>
internal readonly record struct ProgramText(int? ExitCode, OutputText Stdout, OutputText Stderr)
{
    public static ProgramText Of(Job job, ProgramOutputs outputs)
    {
        var (exitCode, stdout, stderr) = ProgramResult.Read(job.Result);
        return new ProgramText(exitCode, OutputText.Of(outputs.Whole(job.Id, "stdout"), stdout), OutputText.Of(outputs.Whole(job.Id, "stderr"), stderr));
    }
}

/// <summary>One output of a program: in a file that may be longer than memory, or what the job's result holds of it.</summary>
internal sealed class OutputText
{
    private const int ChunkSize = 256 * 1024;
    private readonly string? file;
    private readonly byte[] text;

    private OutputText(string? file, byte[] text, long length) => (this.file, this.text, Length) = (file, text, length);

    public long Length { get; }

    public static OutputText Of(string file, string text)
    {
        var whole = new FileInfo(file);
        var bytes = whole.Exists ? [] : Encoding.UTF8.GetBytes(text);
        return new OutputText(whole.Exists ? file : null, bytes, whole.Exists ? whole.Length : bytes.Length);
    }

    /// <summary>Its bytes, in parts. Each is valid only until the next is asked for.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Parts()
    {
        if (file is null)
        {
            yield return text;
            yield break;
        }
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[Math.Min(ChunkSize, Length)];
        while (stream.Read(buffer) is > 0 and var read)
            yield return buffer.AsMemory(0, read);
    }
}
