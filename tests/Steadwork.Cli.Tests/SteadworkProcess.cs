using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Shouldly;
using Xunit;

namespace Steadwork.Cli.Tests;

/// <summary>How a call of the program ended.</summary>
/// <param name="Status">Its exit status; 128 + the signal for a death by signal.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
internal sealed record Ended(int Status, string Output, string Error)
{
    /// <summary>The lines of the output.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The one line that it wrote to standard error, without the program's name.</summary>
    public string Complaint
    {
        get
        {
            Error.ShouldStartWith("steadwork: ");
            Error.ShouldEndWith("\n");
            Error.Count(character => character == '\n').ShouldBe(1, Error);
            return Error["steadwork: ".Length..^1];
        }
    }

    /// <summary>The output, of a call that must have gone well.</summary>
    public string Good()
    {
        Error.ShouldBeEmpty();
        Status.ShouldBe(0);
        return Output;
    }
}

/// <summary>The built program, started as a process of its own. It is killed with the test.</summary>
internal sealed partial class SteadworkProcess : IDisposable
{
    /// <summary>Longer than any call takes on a busy machine; one that hangs fails by it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    private const int Interrupt = 2, Terminate = 15;

    private readonly Process process = new();
    private readonly Task<string> output, error;

    /// <summary>Starts it.</summary>
    /// <param name="folder">The directory that it runs in.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from standard input; null leaves it empty.</param>
    /// <param name="environment">Variables that it gets besides those of the test.</param>
    public SteadworkProcess(string folder, IEnumerable<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        process.StartInfo = new ProcessStartInfo(ProgramPath, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in ProgramCall.Withheld)
            process.StartInfo.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            process.StartInfo.Environment[name] = value;
        process.Start();
        output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Feed(input ?? []);
    }

    /// <summary>Where the program is: the one that STEADWORK_CLI names, compiled ahead as it ships, else the one built beside the tests.</summary>
    public static string ProgramPath { get; } = Environment.GetEnvironmentVariable("STEADWORK_CLI") ?? Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "steadwork.exe" : "steadwork");

    /// <summary>Its process.</summary>
    public int Id => process.Id;

    /// <summary>Waits for its end.</summary>
    public async Task<Ended> EndAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return new Ended(process.ExitCode, await output.WaitAsync(patience.Token), await error.WaitAsync(patience.Token));
        }
        catch (OperationCanceledException)
        {
            Kill();
            throw new TimeoutException($"'{string.Join(' ', process.StartInfo.ArgumentList)}' did not end within {Patience.TotalSeconds} s.");
        }
    }

    /// <summary>Sends what Ctrl-C sends.</summary>
    public void SendInterrupt() => Signal(process.Id, Interrupt).ShouldBe(0);

    /// <summary>Sends what a service manager sends.</summary>
    public void SendTerminate() => Signal(process.Id, Terminate).ShouldBe(0);

    /// <summary>Ends it and what it has started, at once.</summary>
    public void Kill() => process.Kill(entireProcessTree: true);

    public void Dispose()
    {
        if (!process.HasExited)
            Kill();
        process.Dispose();
    }

    private void Feed(byte[] input)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It need not read all of it.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
