namespace Steadwork.Workers;

/// <summary>How programs that run as jobs are marked, so that none outlives its worker unseen.</summary>
public static class WorkerIdentity
{
    /// <summary>The environment variable that holds <see cref="Storage.WorkerSession.Identity"/> in every program of a worker.</summary>
    public const string Variable = "STEADWORK_WORKER";
}
