using System.Diagnostics;

namespace Steadwork.Cli.Outputs;

/// <summary>How far something long has come: a line that is drawn over on a terminal, else a plain one now and then. On standard error.</summary>
internal sealed class StatusLine(bool silent) : IDisposable
{
    private readonly bool isTerminal = Terminal.CanRedraw;
    private readonly TimeSpan interval = Pace.Interval();
    private long shown = Stopwatch.GetTimestamp();
    private bool visible;

    /// <summary>Says something once.</summary>
    public void Say(string text)
    {
        if (silent)
            return;
        Clear();
        Console.Error.WriteLine(text);
        shown = Stopwatch.GetTimestamp();
    }

    /// <summary>Shows where it stands, unless something has been shown only just now.</summary>
    public void Show(string text)
    {
        if (silent || Stopwatch.GetElapsedTime(shown) < interval)
            return;
        shown = Stopwatch.GetTimestamp();
        if (isTerminal)
            Console.Error.Write("\r\e[K" + text);
        else
            Console.Error.WriteLine(text);
        visible = isTerminal;
    }

    private void Clear()
    {
        if (visible)
            Console.Error.Write("\r\e[K");
        visible = false;
    }

    public void Dispose() => Clear();
}
