namespace Steadwork.Cli.Outputs;

/// <summary>The queue in which the items of a run stand.</summary>
internal static class RunQueue
{
    private const string Prefix = "run:";

    /// <summary>The queue of a run.</summary>
    public static string Of(string run) => Prefix + run;

    /// <summary>The run that a queue belongs to; null for any other queue.</summary>
    public static string? RunOf(string queue) => queue.StartsWith(Prefix, StringComparison.Ordinal) ? queue[Prefix.Length..] : null;
}
