namespace Steadwork.Cli.Running;

/// <summary>What is told of a run while it goes on.</summary>
internal interface IRunReporter : IDisposable
{
    /// <summary>Whether it wants the outputs of programs whole, and not only what results hold of them.</summary>
    bool Prints { get; }

    /// <summary>Whether nobody reads what it writes any more.</summary>
    bool OutputClosed { get; }

    /// <summary>The list is loaded.</summary>
    void Started(RunPlan plan, RunTally tally, long duplicates);

    /// <summary>An item has ended. Items come in the order of the list with <c>--keep-order</c>, else as they end.</summary>
    /// <param name="job">Its job.</param>
    /// <param name="place">Its place in the list, from 1.</param>
    void Ended(Job job, long place);

    /// <summary>Time has passed.</summary>
    void Progress(RunTally tally, long running);

    /// <summary>It ends before all items have: no more are begun, and those that run are waited for.</summary>
    void Draining(string why);

    /// <summary>The run is over, or has been ended.</summary>
    void Finished(RunSummary summary);
}

/// <summary>A run at its end.</summary>
/// <param name="Plan">What was asked.</param>
/// <param name="Tally">Where the items stand.</param>
/// <param name="Duplicates">Lines that repeated another.</param>
/// <param name="Durations">How long each item that ended in this start took.</param>
/// <param name="Failures">Items that stand failed, the first of them in the order of the list.</param>
/// <param name="Replaced">How many workers died and were replaced.</param>
/// <param name="Why">Why it ended before all items had; null when they have.</param>
/// <param name="Elapsed">How long this start took.</param>
internal sealed record RunSummary(RunPlan Plan, RunTally Tally, long Duplicates, IReadOnlyList<TimeSpan> Durations, IReadOnlyList<Job> Failures, int Replaced, string? Why, TimeSpan Elapsed)
{
    public TimeSpan Average => Durations.Count == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Durations.Average(duration => duration.Ticks));

    /// <summary>The 95th percentile by nearest rank.</summary>
    public TimeSpan P95 => Durations.Count == 0 ? TimeSpan.Zero : Durations.Order().ElementAt((int)Math.Ceiling(0.95 * Durations.Count) - 1);
}
