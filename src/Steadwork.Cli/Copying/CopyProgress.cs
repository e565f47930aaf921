using System.Diagnostics;
using Steadwork.Cli.Outputs;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Copying;

/// <summary>How far a copy has come: a line that is drawn over on a terminal, else a plain one every ten seconds. On standard error.</summary>
internal sealed class CopyProgress(bool silent) : IDisposable
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);
    private static readonly bool IsTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    private long shown = Stopwatch.GetTimestamp();
    private bool saidWaiting;
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

    /// <summary>What is waited for; at once the first time.</summary>
    public void Waiting(string what)
    {
        if (saidWaiting)
            Show(what);
        else
            Say(what);
        saidWaiting = true;
    }

    /// <summary>How many rows of a section have been dealt with.</summary>
    public void Section(string doing, CopySection section, long rows) => Show($"{doing} {section.Name}: {Numbers.Count(rows, "row")}");

    private void Show(string text)
    {
        if (silent || Stopwatch.GetElapsedTime(shown) < (IsTerminal ? Redraw : PlainInterval))
            return;
        shown = Stopwatch.GetTimestamp();
        if (IsTerminal)
            Console.Error.Write("\r\e[K" + text);
        else
            Console.Error.WriteLine(text);
        visible = IsTerminal;
    }

    private void Clear()
    {
        if (visible)
            Console.Error.Write("\r\e[K");
        visible = false;
    }

    public void Dispose() => Clear();
}
