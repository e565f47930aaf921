using System.Globalization;

namespace Steadwork;

/// <summary>The number of a job, given by the store when the job is enqueued. Ids only grow and are never used again.</summary>
/// <param name="Value">The number, from 1.</param>
public readonly record struct JobId(long Value) : IComparable<JobId>
{
    /// <summary>Orders ids by age: the smaller one was enqueued first.</summary>
    public int CompareTo(JobId other) => Value.CompareTo(other.Value);

    /// <summary>The number in invariant digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
