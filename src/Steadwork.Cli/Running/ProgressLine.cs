using System.Diagnostics;
using System.Globalization;
using Steadwork.Cli.Inputs;
using Steadwork.Cli.Outputs;

namespace Steadwork.Cli.Running;

/// <summary>How far a run has come: a bar that is drawn over on a terminal, else a plain line now and then. On standard error, so that outputs stay clean.</summary>
internal sealed class ProgressLine
{
    private const int BarWidth = 24;
    private const int LeastBarWidth = 5;
    private const double RateMemorySeconds = 30;
    private const int UsualWidth = 80;
    private readonly bool isTerminal = Terminal.CanRedraw;
    private readonly TimeSpan interval = Pace.Interval();
    private readonly long began = Stopwatch.GetTimestamp();
    private long drawn;
    private long countedAt;
    private long counted;
    private double recentItems;
    private double recentSeconds;
    private bool visible;
    private bool midLine;

    public void Begin(RunPlan plan, RunTally tally)
    {
        drawn = countedAt = Stopwatch.GetTimestamp();
        counted = Done(tally);
        if (!isTerminal)
            return;
        var done = tally.AlreadyDone > 0 ? $", {Numbers.Format(tally.AlreadyDone)} done before" : "";
        Console.Error.WriteLine(Terminal.Paint($"run {PlainText.Line(plan.Name)}: {Numbers.Count(tally.Items, "item")}{done}, {Numbers.Count(plan.Workers, "worker")}", Colour.Faint));
    }

    public void Show(RunTally tally, long running)
    {
        if (Stopwatch.GetElapsedTime(drawn) < interval)
            return;
        drawn = Stopwatch.GetTimestamp();
        Measure(tally);
        EndLine();
        if (isTerminal)
            Console.Error.Write("\r\e[K" + Line(Text(tally, running), tally));
        else
            Console.Error.WriteLine($"{Duration.Format(Stopwatch.GetElapsedTime(began))}: {Text(tally, running)}");
        visible = isTerminal;
    }

    /// <summary>An output has been written. Where it goes to the same terminal and ends within a line, the bar must not be drawn over that.</summary>
    public void Follows(ReadOnlySpan<byte> written, bool elsewhere)
    {
        if (isTerminal && !elsewhere && !written.IsEmpty)
            midLine = written[^1] != (byte)'\n';
    }

    /// <summary>Goes to a line of its own.</summary>
    public void EndLine()
    {
        if (midLine)
            Console.Error.WriteLine();
        midLine = false;
    }

    public void Clear()
    {
        if (!visible)
            return;
        Console.Error.Write("\r\e[K");
        visible = false;
    }

    private void Measure(RunTally tally)
    {
        var seconds = Stopwatch.GetElapsedTime(countedAt).TotalSeconds;
        if (seconds <= 0)
            return;
        // What is long past fades; in the first seconds this is the plain average.
        var kept = Math.Exp(-seconds / RateMemorySeconds);
        recentItems = recentItems * kept + Done(tally) - counted;
        recentSeconds = recentSeconds * kept + seconds;
        counted = Done(tally);
        countedAt = Stopwatch.GetTimestamp();
    }

    private string Text(RunTally tally, long running)
    {
        var left = tally.Items - Done(tally);
        var rate = recentSeconds > 0 ? recentItems / recentSeconds : 0;
        var share = tally.Items == 0 ? 1 : (double)Done(tally) / tally.Items;
        var text = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100),3:0}%  {Numbers.Format(tally.Succeeded)} of {Numbers.Format(tally.Items)} done, {Numbers.Format(tally.Failed)} failed, {running} running, {rate:0.#}/s");
        return rate > 0 && left > 0 ? $"{text}, {Duration.Format(TimeSpan.FromSeconds(Math.Min(left / rate, 1e9)))} left" : text;
    }

    private static int Width => Console.WindowWidth is > 1 and var width ? width : UsualWidth;

    /// <summary>The bar takes what the words leave it.</summary>
    private static string Line(string text, RunTally tally)
    {
        var room = Width - 1;
        var bar = Math.Min(BarWidth, room - text.Length - 1);
        return Terminal.Cut(bar >= LeastBarWidth ? $"{Bar(tally, bar)} {text}" : text, room);
    }

    private static string Bar(RunTally tally, int width)
    {
        var full = tally.Items == 0 ? width : (int)(width * Done(tally) / tally.Items);
        return new string('█', full) + new string('░', width - full);
    }

    private static long Done(RunTally tally) => tally.Succeeded + tally.Failed + tally.Cancelled;
}
