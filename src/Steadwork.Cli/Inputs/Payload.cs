using System.Text;
using System.Text.Unicode;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Inputs;

/// <summary>The payload of one job, from an argument or from standard input.</summary>
internal static class Payload
{
    /// <summary>What is said of a payload that was not even read to its end.</summary>
    public static readonly string TooLong = $"The payload has more than {Numbers.Format(Defaults.MaxPayloadBytes)} bytes, which is the most.";

    /// <summary>How many bytes are read at the most: white space around a payload does not count, if it is not much.</summary>
    public const int ReadAtMost = Defaults.MaxPayloadBytes + 1024;

    private static readonly byte[] Empty = [(byte)'{', (byte)'}'];

    /// <summary>Reads a payload.</summary>
    /// <param name="argument">JSON; <c>-</c> stands for standard input; null for the empty object.</param>
    public static ReadOnlyMemory<byte> Read(string? argument) => argument switch
    {
        null => Empty,
        "-" => Trim(ReadStandardInput()),
        _ => Trim(Encoding.UTF8.GetBytes(argument)),
    };

    /// <summary>Why a job is refused; null when it is welcome.</summary>
    public static string? RefusalOf(NewJob job) =>
        NewJobRules.Refusal(job) ?? (Utf8.IsValid(job.Payload.Span) ? null : "The payload is not valid UTF-8.");

    /// <summary>Without a byte order mark at the front and white space around it.</summary>
    public static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> json)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        var rest = json.Span.StartsWith(mark) ? json[mark.Length..] : json;
        return rest.Trim(" \t\r\n"u8);
    }

    private static ReadOnlyMemory<byte> ReadStandardInput()
    {
        using var input = Surroundings.Current.OpenInput();
        var buffer = new byte[ReadAtMost];
        var length = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (length == buffer.Length)
            throw new Refusal(TooLong);
        return buffer.AsMemory(0, length);
    }
}
