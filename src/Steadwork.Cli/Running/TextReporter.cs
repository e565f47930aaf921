namespace Steadwork.Cli.Running;

/// <summary>For people and pipes: the programs' outputs as they are, one item's after another's; progress and report on standard error.</summary>
internal sealed class TextReporter(ProgramOutputs outputs, JobLogFile? jobLog) : IRunReporter
{
    private readonly OutputStream stdout = new();
    private readonly Stream stderr = Console.OpenStandardError();
    private readonly ProgressLine line = new();

    public bool Prints => true;

    public bool OutputClosed => stdout.IsClosed;

    public void Started(RunPlan plan, RunTally tally, long duplicates) => line.Begin(plan, tally);

    public void Ended(Job job, long place)
    {
        var text = ProgramText.Of(job, outputs);
        jobLog?.Write(job, place, text);
        if (text.Stdout.Length + text.Stderr.Length > 0)
            line.Clear();
        foreach (var part in text.Stdout.Parts())
        {
            stdout.Write(part.Span);
            line.Follows(part.Span, Console.IsOutputRedirected);
        }
        foreach (var part in text.Stderr.Parts())
        {
            stderr.Write(part.Span);
            line.Follows(part.Span, Console.IsErrorRedirected);
        }
        outputs.Forget(job.Id);
    }

    public void Progress(RunTally tally, long running)
    {
        stdout.Flush();
        jobLog?.Flush();
        line.Show(tally, running);
    }

    public void Draining(string why)
    {
        line.Clear();
        stdout.Flush();
        line.EndLine();
        Console.Error.WriteLine($"{why}: no more items are begun; those that run are waited for, Ctrl-C ends them at once");
    }

    public void Finished(RunSummary summary)
    {
        line.Clear();
        stdout.Flush();
        line.EndLine();
        RunReport.Print(summary);
    }

    public void Dispose()
    {
        line.Clear();
        stdout.Flush();
        jobLog?.Dispose();
    }
}
