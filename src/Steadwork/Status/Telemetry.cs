using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Steadwork.Status;

/// <summary>The activity source and the meter of Steadwork, both named <c>Steadwork</c>.</summary>
internal static class Telemetry
{
    public const string Name = "Steadwork";

    public static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    /// <summary>Attempts that ended, by <c>job.type</c> and <c>outcome</c>.</summary>
    public static readonly Counter<long> Attempts = Meter.CreateCounter<long>("steadwork.attempts", "{attempt}", "Attempts that ended.");

    /// <summary>How long attempts took, by <c>job.type</c>.</summary>
    public static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("steadwork.attempt.duration", "s", "How long attempts took.");

    /// <summary>Ends that came after the lease was lost.</summary>
    public static readonly Counter<long> LateEnds = Meter.CreateCounter<long>("steadwork.late_ends", "{attempt}", "Ends that were refused because the lease was lost.");

    /// <summary>Handlers that ignored their cancellation.</summary>
    public static readonly Counter<long> Abandoned = Meter.CreateCounter<long>("steadwork.abandoned_handlers", "{attempt}", "Handlers that ignored their cancellation for longer than the grace time.");

    /// <summary>Statements that the stores of this process have had the database carry out.</summary>
    public static readonly Counter<long> Statements = Meter.CreateCounter<long>("steadwork.store.statements", "{statement}", "Statements that stores have had their databases carry out.");
}
