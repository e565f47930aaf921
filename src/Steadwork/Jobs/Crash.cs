namespace Steadwork;

/// <summary>A job that a worker held.</summary>
/// <param name="Id">Which job.</param>
/// <param name="Lease">The lease under which it was held.</param>
/// <param name="Job">What the lifecycle must know of it.</param>
public readonly record struct HeldJob(JobId Id, LeaseToken Lease, RunningJob Job);

/// <summary>What the death of a worker means for each of the jobs that it held.</summary>
public static class Crash
{
    /// <summary>What becomes of them, in their order.</summary>
    /// <param name="held">The jobs.</param>
    /// <param name="marks">Which leases had begun, and whether they still ran; null when nothing is known.</param>
    /// <param name="error">What is kept of the crash.</param>
    /// <param name="now">The time of the finding.</param>
    public static IReadOnlyList<Transition> Fates(IReadOnlyList<HeldJob> held, IReadOnlyDictionary<LeaseToken, bool>? marks, JobError error, DateTimeOffset now)
    {
        var running = held.Count(job => marks is null || marks.GetValueOrDefault(job.Lease));
        return [.. held.Select(job => JobLifecycle.AfterCrash(job.Job, Evidence(marks, job.Lease, running), error, now))];
    }

    private static CrashEvidence Evidence(IReadOnlyDictionary<LeaseToken, bool>? marks, LeaseToken lease, int running) => marks switch
    {
        not null when !marks.ContainsKey(lease) => CrashEvidence.NotStarted,
        not null when !marks[lease] => CrashEvidence.Ended,
        _ => running == 1 ? CrashEvidence.RanAlone : CrashEvidence.RanAmongOthers,
    };
}
