namespace Steadwork;

/// <summary>The rest of the way to the handler.</summary>
public delegate Task<ReadOnlyMemory<byte>> JobStep();

/// <summary>
/// A step around every handler of a worker. Steps run in the order of their registration, the first outermost, inside
/// the attempt's scope, timeout and trace; each sees an exception of the handler exactly once and must let it through or
/// replace it. Errors become outcomes outside of all steps.
/// </summary>
public interface IJobMiddleware
{
    /// <summary>Does its part around <paramref name="next"/>.</summary>
    Task<ReadOnlyMemory<byte>> InvokeAsync(JobContext context, JobStep next);
}
