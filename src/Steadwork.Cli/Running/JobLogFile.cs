using System.Globalization;
using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>
/// A line for each item that ended, in the format of GNU parallel's <c>--joblog</c> (its manual, "--joblog logfile"):
/// Seq, Host, Starttime, JobRuntime, Send, Receive, Exitval, Signal, Command, separated by tabs.
/// </summary>
internal sealed class JobLogFile : IDisposable
{
    private const int FirstSignalStatus = 128;
    private const int NoExit = -1;
    private readonly StreamWriter file;
    private readonly RunPlan plan;

    public JobLogFile(string path, RunPlan plan)
    {
        this.plan = plan;
        var isNew = !File.Exists(path) || new FileInfo(path).Length == 0;
        file = new StreamWriter(path, append: true);
        if (isNew)
            file.Write("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n");
    }

    public void Write(Job job, long place, ProgramText result)
    {
        var started = job.StartedAt ?? job.FinishedAt ?? job.CreatedAt;
        var runtime = (job.FinishedAt ?? started) - started;
        var (exitValue, signal) = EndOf(job, result.ExitCode);
        file.Write(string.Create(CultureInfo.InvariantCulture,
            $"{place}\t:\t{started.ToUnixTimeMilliseconds() / 1000.0:F3}\t{runtime.TotalSeconds,10:F3}\t0\t{result.Stdout.Length}\t{exitValue}\t{signal}\t{Command(job, place)}\n"));
    }

    /// <summary>As GNU parallel has it: a death by signal has the exit value 0, and what never ended by itself -1.</summary>
    private static (int ExitValue, int Signal) EndOf(Job job, int? exitCode)
    {
        var signal = exitCode is > FirstSignalStatus and var status ? status - FirstSignalStatus : 0;
        return job.LastError?.Type switch
        {
            "signal" => (0, signal),
            "timeout" => (NoExit, signal),
            _ => (exitCode ?? NoExit, 0),
        };
    }

    public void Flush() => file.Flush();

    private string Command(Job job, long place)
    {
        try
        {
            // As GNU parallel writes them: with a line break in it, the command would be two lines of the log.
            return ShellQuoting.Join(plan.Template.Expand(new Item(RunItems.Text(job.Payload, plan.Definition.JsonItems)), place)).Replace('\n', '\0');
        }
        catch (UnusableItem)
        {
            return ShellQuoting.Join(plan.Definition.Command);
        }
    }

    public void Dispose() => file.Dispose();
}
