using Steadwork.Cli.Outputs;
using Steadwork.Storage.Copying;

namespace Steadwork.Cli.Copying;

/// <summary>How far a copy has come.</summary>
internal sealed class CopyProgress(bool silent) : IDisposable
{
    private readonly StatusLine line = new(silent);
    private bool saidWaiting;

    /// <summary>Says something once.</summary>
    public void Say(string text) => line.Say(text);

    /// <summary>What is waited for; at once the first time.</summary>
    public void Waiting(string what)
    {
        if (saidWaiting)
            line.Show(what);
        else
            line.Say(what);
        saidWaiting = true;
    }

    /// <summary>How many rows of a section have been dealt with.</summary>
    public void Section(string doing, CopySection section, long rows) => line.Show($"{doing} {section.Name}: {Numbers.Count(rows, "row")}");

    public void Dispose() => line.Dispose();
}
