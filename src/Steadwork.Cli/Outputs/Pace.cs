using Steadwork.Cli.Inputs;
using Steadwork.Cli.Shell;

namespace Steadwork.Cli.Outputs;

/// <summary>How often something long shows on standard error how far it has come.</summary>
internal static class Pace
{
    /// <summary>The variable of the environment that sets the time between two lines where they are not drawn over.</summary>
    public const string Variable = "STEADWORK_PROGRESS";

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    /// <summary>The time between two showings.</summary>
    /// <exception cref="Refusal">The variable holds no duration.</exception>
    public static TimeSpan Interval()
    {
        if (Terminal.CanRedraw)
            return Redraw;
        if (Surroundings.Current.Variable(Variable) is not { Length: > 0 } text)
            return Usual;
        return Duration.TryParse(text, out var interval) is { } refusal ? throw new Refusal($"${Variable}: {refusal}") : interval;
    }
}
