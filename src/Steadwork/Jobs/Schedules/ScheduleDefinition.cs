namespace Steadwork;

/// <summary>A schedule: which job is enqueued when. Its values are checked by <see cref="Refusal"/>.</summary>
public sealed record ScheduleDefinition
{
    private const int MaxNameLength = 180;

    /// <summary>Its name; a store has one schedule of each.</summary>
    public required string Name { get; init; }

    /// <summary>When it ticks.</summary>
    public required ScheduleTiming Timing { get; init; }

    /// <summary>The job of each tick. When it may run is the time of its tick.</summary>
    public required NewJob Job { get; init; }

    /// <summary>What becomes of a tick while the job of an earlier one has not ended. It is started anyway unless said.</summary>
    public Overlap Overlap { get; init; }

    /// <summary>What becomes of ticks that nobody was there to see. Unless said they run once, after a minute of grace.</summary>
    public CatchUpRule CatchUp { get; init; } = CatchUpRule.Default;

    /// <summary>The word by which the jobs of a schedule are found, a tag of theirs.</summary>
    public static string TagOf(string name) => $"schedule:{name}";

    /// <summary>Why it is refused, in one sentence that says what would be right; null when it is welcome.</summary>
    public string? Refusal() =>
        NewJobRules.NameRefusal("schedule's name", Name)
        ?? (Name.Length > MaxNameLength ? $"The schedule's name has {Name.Length} characters; {MaxNameLength} is the most." : null)
        ?? Job switch
        {
            { UniqueKey: not null } => "The job of a schedule has no unique key of its own; have the schedule skip a tick while the last job has not ended.",
            { RunAt: not null } => "The job of a schedule may run at its tick; leave its own time out.",
            { Delay: var delay } when delay != TimeSpan.Zero => "The job of a schedule may run at its tick; leave its delay out.",
            { ExpiresAt: not null } => "The job of a schedule may run at its tick; say how long after that it expires, not when.",
            { Batch: not null } => "The job of a schedule cannot be of a batch.",
            { After.Count: > 0 } or { AfterPlaces.Count: > 0 } => "The job of a schedule cannot come after others.",
            { ExclusiveLimit: > 1 } when Overlap is Overlap.Wait => "A schedule whose ticks wait for each other has one job at once; leave the exclusive limit out.",
            _ => null,
        }
        ?? NewJobRules.Refusal(Job with { Tags = [.. Job.Tags, TagOf(Name)] });

    /// <summary>The jobs of some ticks.</summary>
    public IReadOnlyList<NewJob> JobsOf(IReadOnlyList<DateTimeOffset> ticks) => [.. ticks.Select(tick => JobOf() with { RunAt = tick })];

    /// <summary>The job of a tick out of turn.</summary>
    public NewJob JobOf() => Job with
    {
        Tags = [.. Job.Tags, TagOf(Name)],
        UniqueKey = Overlap is Overlap.Skip ? TagOf(Name) : null,
        ExclusiveKey = Job.ExclusiveKey ?? (Overlap is Overlap.Wait ? TagOf(Name) : null),
    };
}
