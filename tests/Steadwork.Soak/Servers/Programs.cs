using System.Diagnostics;

namespace Steadwork.Soak.Servers;

/// <summary>Programs of the machine, run to their end.</summary>
public static class Programs
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program.</summary>
    /// <returns>What it wrote to its output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message holds what it wrote.</exception>
    public static async Task<string> RunAsync(params IReadOnlyList<string> words)
    {
        using var process = Process.Start(new ProcessStartInfo(words[0], words.Skip(1))
        {
            // A folder that every user may enter: the server's programs run as one who may not enter ours.
            WorkingDirectory = "/",
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{string.Join(' ', words)} ended with status {process.ExitCode}: {await errors}{await output}");
    }
}
