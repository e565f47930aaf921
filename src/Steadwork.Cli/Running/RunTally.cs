namespace Steadwork.Cli.Running;

/// <summary>Where each item of the list stands, as far as the log has been followed.</summary>
internal sealed class RunTally
{
    private readonly Dictionary<JobId, int> places = [];
    private readonly List<JobId> jobs = [];
    private readonly List<JobState> states = [];

    /// <summary>Distinct items in the list.</summary>
    public long Items => jobs.Count;

    public long Succeeded { get; private set; }

    public long Failed { get; private set; }

    public long Cancelled { get; private set; }

    /// <summary>Items that had succeeded before this start.</summary>
    public long AlreadyDone { get; private set; }

    /// <summary>Items that failed in this start.</summary>
    public long NewlyFailed { get; private set; }

    /// <summary>Items that have neither succeeded nor failed.</summary>
    public long Remaining => Items - Succeeded - Failed;

    /// <summary>Whether every item has ended.</summary>
    public bool IsOver => Succeeded + Failed + Cancelled == Items;

    public IReadOnlyList<JobId> Jobs => jobs;

    /// <summary>The place of an item in the list, from 0; null when the job is none of the list's.</summary>
    public int? PlaceOf(JobId job) => places.TryGetValue(job, out var place) ? place : null;

    public JobState StateAt(int place) => states[place];

    /// <summary>Adds the next item of the list as it was found when it was loaded.</summary>
    public void Load(JobId job, JobState state)
    {
        places[job] = jobs.Count;
        jobs.Add(job);
        states.Add(JobState.Pending);
        Set(jobs.Count - 1, state);
        if (state is JobState.Succeeded)
            AlreadyDone++;
    }

    /// <summary>Takes note of a state that the log tells.</summary>
    /// <returns>Whether it was news.</returns>
    public bool Note(int place, JobState state)
    {
        if (states[place] == state)
            return false;
        Set(place, state);
        if (state is JobState.Failed)
            NewlyFailed++;
        return true;
    }

    private void Set(int place, JobState state)
    {
        Count(states[place], -1);
        Count(state, +1);
        states[place] = state;
    }

    private void Count(JobState state, int change)
    {
        if (state is JobState.Succeeded)
            Succeeded += change;
        else if (state is JobState.Failed)
            Failed += change;
        else if (state is JobState.Cancelled)
            Cancelled += change;
    }
}
