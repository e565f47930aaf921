namespace Steadwork;

/// <summary>Where a job stands. The set is closed; the database checks it.</summary>
public enum JobState
{
    /// <summary>May run once its <c>run_at</c> has come.</summary>
    Pending,

    /// <summary>Waits for other jobs, or behind its exclusive key.</summary>
    Waiting,

    /// <summary>Claimed by a worker that holds its lease.</summary>
    Running,

    /// <summary>Ended well.</summary>
    Succeeded,

    /// <summary>Its attempts are used up, or it is not worth retrying.</summary>
    Failed,

    /// <summary>Ended by request before it succeeded.</summary>
    Cancelled,
}

/// <summary>The names of the states in storage, on the command line and on the wire.</summary>
public static class JobStates
{
    private static readonly string[] Names = ["pending", "waiting", "running", "succeeded", "failed", "cancelled"];

    /// <summary>All states, in the order in which screens list them.</summary>
    public static IReadOnlyList<JobState> All { get; } = Enum.GetValues<JobState>();

    /// <summary>The stored name of a state, such as <c>pending</c>.</summary>
    public static string Name(this JobState state) => Names[(int)state];

    /// <summary>Whether a job in this state has ended. An ended job changes only by a request.</summary>
    public static bool IsEnded(this JobState state) => state >= JobState.Succeeded;

    /// <summary>The state of a stored name.</summary>
    /// <returns>False when there is no such state.</returns>
    public static bool TryParse(string? name, out JobState state)
    {
        var index = Array.IndexOf(Names, name);
        state = index < 0 ? default : (JobState)index;
        return index >= 0;
    }

    /// <summary>The state of a stored name.</summary>
    /// <exception cref="FormatException">There is no such state.</exception>
    public static JobState Parse(string name) =>
        TryParse(name, out var state) ? state : throw new FormatException($"'{name}' is not a job state; the states are {string.Join(", ", Names)}.");
}
