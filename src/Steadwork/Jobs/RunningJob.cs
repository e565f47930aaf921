namespace Steadwork;

/// <summary>What the lifecycle must know of a job that a worker holds.</summary>
/// <param name="Attempt">Which start of the job this is, from 1; starts that did not count are numbered too.</param>
/// <param name="Failures">How many earlier attempts count against <paramref name="MaxAttempts"/>.</param>
/// <param name="MaxAttempts">How many attempts may fail or crash before the job is failed.</param>
/// <param name="CancelRequested">Why somebody asked for it to be cancelled; null when nobody did.</param>
public readonly record struct RunningJob(int Attempt, int Failures, int MaxAttempts, string? CancelRequested)
{
    /// <summary>Whether it was let through to see whether something that it depends on works again, which is not to be held against it. Default false.</summary>
    public bool IsProbe { get; init; }
}
