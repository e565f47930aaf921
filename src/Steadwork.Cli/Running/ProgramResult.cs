using System.Buffers;
using System.Text;
using System.Text.Json;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>What a program that ran as a job leaves behind: <c>{"exitCode","stdout","stderr"}</c>, the outputs by their last 64 KiB.</summary>
internal static class ProgramResult
{
    public const int MaxOutput = 64 * 1024;

    public static ReadOnlyMemory<byte> Write(ProgramEnd end, byte[] stdout, byte[] stderr)
    {
        var buffer = new ArrayBufferWriter<byte>(128 + stdout.Length + stderr.Length);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ReadableJson.Encoder });
        json.WriteStartObject();
        json.WriteNumber("exitCode", end.ExitCode);
        // Bytes that are no UTF-8 become the replacement character; the whole output is kept apart where somebody wants it.
        json.WriteString("stdout", Encoding.UTF8.GetString(stdout));
        json.WriteString("stderr", Encoding.UTF8.GetString(stderr));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The parts of a stored result.</summary>
    public static (int? ExitCode, string Stdout, string Stderr) Read(ReadOnlyMemory<byte> result)
    {
        if (result.IsEmpty)
            return (null, "", "");
        using var document = JsonDocument.Parse(result);
        var root = document.RootElement;
        return (root.GetProperty("exitCode").GetInt32(), root.GetProperty("stdout").GetString()!, root.GetProperty("stderr").GetString()!);
    }

    /// <summary>What failed, in one sentence for people.</summary>
    public static JobError Error(ProgramEnd end, TimeSpan? timeout, byte[] stderr)
    {
        if (end.TimedOut)
            return new JobError("timeout", $"The program was ended after its timeout of {Inputs.Duration.Format(timeout ?? TimeSpan.Zero)}.{LastLine(stderr)}");
        return end.Signal > 0
            ? new JobError("signal", $"The program was killed by signal {end.Signal}.{LastLine(stderr)}")
            : new JobError("exit-code", $"The program ended with exit status {end.ExitCode}.{LastLine(stderr)}");
    }

    private static string LastLine(byte[] stderr)
    {
        var line = Encoding.UTF8.GetString(stderr).Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim();
        return line is null ? "" : " " + PlainText.Cut(line, 300);
    }
}
