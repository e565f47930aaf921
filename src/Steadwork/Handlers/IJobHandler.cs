namespace Steadwork;

/// <summary>Runs jobs of one type. A new handler is made for each attempt, in a dependency-injection scope of its own.</summary>
/// <typeparam name="TJob">The payload.</typeparam>
public interface IJobHandler<in TJob>
{
    /// <summary>Does the work. Returning means success; any exception means failure.</summary>
    /// <param name="job">The payload.</param>
    /// <param name="context">The attempt: its token, progress and logger.</param>
    Task HandleAsync(TJob job, JobContext context);
}

/// <summary>Runs jobs of one type and leaves a result with each.</summary>
/// <typeparam name="TJob">The payload.</typeparam>
/// <typeparam name="TResult">The result; kept as JSON.</typeparam>
public interface IJobHandler<in TJob, TResult>
{
    /// <summary>Does the work. Returning means success; any exception means failure.</summary>
    /// <param name="job">The payload.</param>
    /// <param name="context">The attempt: its token, progress and logger.</param>
    Task<TResult> HandleAsync(TJob job, JobContext context);
}

/// <summary>A handler throws it to say that another attempt is pointless: the job is failed at once.</summary>
public class PermanentFailureException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Why, for people.</param>
    /// <param name="inner">The cause.</param>
    public PermanentFailureException(string message, Exception? inner = null)
        : base(message, inner) { }
}

/// <summary>The worker has lost its right to a job that it still runs: another may be running it by now.</summary>
public sealed class LeaseLostException(JobId job) : Exception($"The lease of job {job} is lost; another worker may be running it by now.")
{
    /// <summary>Which job.</summary>
    public JobId Job => job;
}

/// <summary>An exception that brings its own <see cref="JobError"/>, for failures that are no .NET exception, such as a program's exit status.</summary>
public sealed class JobFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">What is kept with the job.</param>
    public JobFailedException(JobError error)
        : base(error.Message) => Error = error;

    /// <summary>What is kept with the job.</summary>
    public JobError Error { get; }


    /// <summary>Whether another attempt is pointless. Default false.</summary>
    public bool Permanent { get; init; }

    /// <summary>What the attempt leaves behind although it failed, UTF-8 JSON; empty for nothing.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }
}
