using System.Diagnostics;
using System.Text.Json;

namespace Steadwork.Cli.Running;

/// <summary>A worker process, seen by the orchestrator that started it.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private const int KilledStatus = 128 + 9;
    private readonly Process process;

    private WorkerProcess(Process process) => this.process = process;

    /// <summary>Whether it has come to work.</summary>
    public bool WasReady { get; private set; }

    public bool HasExited => process.HasExited;

    /// <summary>Whether somebody ended it by SIGKILL.</summary>
    public bool WasKilled => process.HasExited && process.ExitCode == KilledStatus;

    /// <summary>Starts one, and tells when it is ready and when it has ended.</summary>
    public static WorkerProcess Start(RunSpec spec, Action changed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = Environment.CurrentDirectory,
        };
        // Started by `dotnet steadwork.dll`, the path is that of dotnet.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "steadwork.dll"));
        start.ArgumentList.Add(RunWorker.Verb);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var worker = new WorkerProcess(process);
        process.Exited += (_, _) => changed();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not RunWorker.Ready)
                return;
            worker.WasReady = true;
            changed();
        };
        process.Start();
        process.BeginOutputReadLine();
        worker.Tell(JsonSerializer.Serialize(spec, RunJson.Default.RunSpec));
        return worker;
    }

    /// <summary>Has it finish what runs and end.</summary>
    public void Drain() => Tell(RunWorker.Drain);

    /// <summary>Has it end at once, and give back what it runs.</summary>
    public void Stop()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    public Task WaitAsync(CancellationToken cancellation) => process.WaitForExitAsync(cancellation);

    public void Kill() => process.Kill();

    private void Tell(string line)
    {
        try
        {
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It has ended already; the pool sees that by itself.
        }
    }

    public void Dispose() => process.Dispose();
}
