namespace Steadwork;

/// <summary>A unique key was to be free (<see cref="WhenTaken.Refuse"/>), or was to be borne by a job of the same type whose place can be taken, and is not: nothing of the whole list was stored.</summary>
public sealed class UniqueKeyTakenException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="key">The unique key.</param>
    /// <param name="bearer">The job that bears it; null when that is one of the same list.</param>
    /// <param name="otherType">The type of the bearer, where that is what stands in the way; null otherwise.</param>
    public UniqueKeyTakenException(string key, JobId? bearer, string? otherType = null)
        : base($"Nothing was stored: {(bearer is { } job ? $"job {job} bears" : "two jobs of one list bear")} the unique key '{key}'{(otherType is null ? "" : $", and one of another type, '{otherType}', takes over nothing: give each type keys of its own")}.") =>
        (Key, Bearer) = (key, bearer);

    /// <summary>The unique key.</summary>
    public string Key { get; }

    /// <summary>The job that bears it; null when that is one of the same list.</summary>
    public JobId? Bearer { get; }
}
