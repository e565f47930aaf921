namespace Steadwork;

/// <summary>A unique key was to be free (<see cref="WhenTaken.Refuse"/>), and is taken: nothing of the whole list was stored.</summary>
public sealed class UniqueKeyTakenException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="key">The unique key.</param>
    /// <param name="bearer">The job that bears it; null when that is one of the same list.</param>
    public UniqueKeyTakenException(string key, JobId? bearer)
        : base($"Nothing was stored: {(bearer is { } job ? $"job {job} bears the unique key '{key}'" : $"two jobs of one list bear the unique key '{key}'")}.") =>
        (Key, Bearer) = (key, bearer);

    /// <summary>The unique key.</summary>
    public string Key { get; }

    /// <summary>The job that bears it; null when that is one of the same list.</summary>
    public JobId? Bearer { get; }
}
