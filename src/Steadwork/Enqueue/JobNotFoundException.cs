namespace Steadwork;

/// <summary>Somebody waits for a job that is not there.</summary>
public sealed class JobNotFoundException : KeyNotFoundException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="job">Which job.</param>
    /// <param name="deleted">Whether it was there before.</param>
    public JobNotFoundException(JobId job, bool deleted)
        : base(deleted ? $"Job {job} was deleted while it was waited for." : $"There is no job {job}.")
    {
        Job = job;
        Deleted = deleted;
    }

    /// <summary>Which job.</summary>
    public JobId Job { get; }

    /// <summary>Whether it was deleted while it was waited for; false when it was never seen.</summary>
    public bool Deleted { get; }
}
