namespace Steadwork.Storage;

/// <summary>A job was to come after one that there is not: nothing was stored.</summary>
/// <param name="missing">The number that no job has.</param>
public sealed class ParentMissingException(JobId missing)
    : ArgumentException($"There is no job {missing} for another one to come after; it may have been deleted. Nothing was stored.")
{
    /// <summary>The number that no job has.</summary>
    public JobId Missing { get; } = missing;
}
