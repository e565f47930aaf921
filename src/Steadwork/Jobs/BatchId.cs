using System.Globalization;

namespace Steadwork;

/// <summary>The number of a batch, given by the store. Ids only grow and are never used again.</summary>
/// <param name="Value">The number, from 1.</param>
public readonly record struct BatchId(long Value) : IComparable<BatchId>
{
    /// <summary>Orders ids by age: the smaller one was made first.</summary>
    public int CompareTo(BatchId other) => Value.CompareTo(other.Value);

    /// <summary>The number in invariant digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
