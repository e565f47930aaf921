using System.Globalization;

namespace Steadwork;

/// <summary>The number of one incarnation of a worker: each start has a new one, and none is used again.</summary>
/// <param name="Value">The number, from 1.</param>
public readonly record struct WorkerId(long Value)
{
    /// <summary>The number in invariant digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The fence of a running job: each claim has a greater one, and a write that carries an old one changes nothing.</summary>
/// <param name="Value">The number, from 1; it only grows, over all jobs of a store.</param>
public readonly record struct LeaseToken(long Value)
{
    /// <summary>The number in invariant digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
