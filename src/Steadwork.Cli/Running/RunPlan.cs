using Steadwork.Cli.Programs;

namespace Steadwork.Cli.Running;

/// <summary>What one start of a run was asked to do.</summary>
internal sealed record RunPlan
{
    public required RunDefinition Definition { get; init; }

    /// <summary>The command with its placeholders read.</summary>
    public required CommandTemplate Template { get; init; }

    public required string Name { get; init; }

    public required int Workers { get; init; }

    public required int Attempts { get; init; }

    public required TimeSpan RetryDelay { get; init; }

    public TimeSpan? Timeout { get; init; }

    public TimeSpan Delay { get; init; }

    public bool RetryFailed { get; init; }

    /// <summary>How many failed items end the run early; null goes on whatever fails.</summary>
    public int? HaltAfter { get; init; }

    public bool KeepOrder { get; init; }

    public string? Results { get; init; }

    public string? JobLog { get; init; }

    public bool Json { get; init; }
}
