using System.Diagnostics;

namespace Steadwork.Soak;

/// <summary>A <c>steadwork run</c> under way, with the processes around it.</summary>
public sealed class SteadworkRun : IDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;
    private readonly Task<string> output;

    public SteadworkRun(string cli, string folder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(cli, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        process = Process.Start(start)!;
        process.StandardInput.Close();
        errors = process.StandardError.ReadToEndAsync();
        output = process.StandardOutput.ReadToEndAsync();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public List<int> Workers => Processes.ChildrenOf(Id).FindAll(child => Processes.CommandOf(child).Contains("run-worker", StringComparison.Ordinal));

    public static List<int> GuardsOf(int worker) => Processes.ChildrenOf(worker).FindAll(child => Processes.CommandOf(child).Contains("steadwork-guard", StringComparison.Ordinal));

    public static List<int> ProgramsOf(int worker) => Processes.ChildrenOf(worker).FindAll(child => !Processes.CommandOf(child).Contains("steadwork-guard", StringComparison.Ordinal));

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit status; null when it has not ended in time.</returns>
    public async Task<int?> EndAsync(TimeSpan limit)
    {
        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(limit);
            return process.ExitCode;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>What it wrote. Wait for its end first; orphans that hold its outputs open are not waited for.</summary>
    public async Task<(string Output, string Errors)> TextAsync()
    {
        await Task.WhenAny(Task.WhenAll(output, errors), Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System));
        return (output.IsCompleted ? await output : "", errors.IsCompleted ? await errors : "");
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}
