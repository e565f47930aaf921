namespace Steadwork.Storage;

/// <summary>The schedules of a store. One method is one transaction. When they tick is decided outside: a store keeps it, and sees to it that a tick counts once.</summary>
public interface IScheduleStore
{
    /// <summary>Defines schedules; see <see cref="ScheduleChanges"/> for whose definition counts.</summary>
    /// <param name="schedules">The definitions, each with its next tick.</param>
    /// <param name="owner">Whose they are. What a program has defined before and names no more is removed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>For each, in order, what became of it.</returns>
    Task<IReadOnlyList<Defined>> DefineAsync(IReadOnlyList<NewSchedule> schedules, ScheduleOwner owner, CancellationToken cancellationToken);

    /// <summary>Removes a schedule; its jobs stay.</summary>
    /// <returns>False when there is none.</returns>
    Task<bool> RemoveScheduleAsync(string name, string by, CancellationToken cancellationToken);

    /// <summary>The schedules, by name.</summary>
    /// <param name="dueBy">Only those that tick by then and are not paused; null for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<Schedule>> SchedulesAsync(DateTimeOffset? dueBy, CancellationToken cancellationToken);

    /// <summary>Carries out ticks: stores their jobs, and what comes next, for each that nobody else has carried out meanwhile.</summary>
    /// <returns>For each, in order, what became of it.</returns>
    Task<IReadOnlyList<Ticked>> TickAsync(IReadOnlyList<Tick> ticks, CancellationToken cancellationToken);
}

/// <summary>Whose definitions of schedules they are.</summary>
/// <param name="Program">The program that has them in its code, as all that it has; null for somebody who defines one or another by hand.</param>
/// <param name="Version">The version of the program, of one to four numbers with dots.</param>
/// <param name="By">Who it is, for people and the log.</param>
/// <param name="Replace">Whether one that is there is replaced, whoever has defined it. A program never does.</param>
public sealed record ScheduleOwner(string? Program, string Version, string By, bool Replace = false);

/// <summary>A schedule on its way into a store.</summary>
/// <param name="Definition">What it is.</param>
/// <param name="Anchor">Where an interval begins.</param>
/// <param name="Next">Its first tick.</param>
public sealed record NewSchedule(ScheduleDefinition Definition, DateTimeOffset Anchor, DateTimeOffset? Next);

/// <summary>What became of a definition.</summary>
public enum Defined
{
    /// <summary>It counts from now on.</summary>
    Done,

    /// <summary>It is the same as before.</summary>
    Unchanged,

    /// <summary>A newer version of the same program has defined it: that counts.</summary>
    KeptNewer,

    /// <summary>Somebody else has defined it: that counts.</summary>
    KeptOther,
}

/// <summary>A schedule as it is stored.</summary>
public sealed record Schedule
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>When it ticks: <c>cron ZONE LINE</c>, or <c>every MILLISECONDS</c>.</summary>
    public required string Timing { get; init; }

    /// <summary>The rest of its definition but for the payload, as JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The payload of its jobs, UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The program that has it in its code; null when somebody has defined it by hand.</summary>
    public required string? Program { get; init; }

    /// <summary>The version of that program.</summary>
    public required string Version { get; init; }

    /// <summary>Who has defined it.</summary>
    public required string By { get; init; }

    /// <summary>Grows with each definition.</summary>
    public required long Revision { get; init; }

    /// <summary>Where an interval begins: when its timing was defined.</summary>
    public required DateTimeOffset Anchor { get; init; }

    /// <summary>Its next tick; null when there is none any more.</summary>
    public required DateTimeOffset? Next { get; init; }

    /// <summary>The last tick that had its turn.</summary>
    public DateTimeOffset? LastTick { get; init; }

    /// <summary>The last job that it has enqueued.</summary>
    public JobId? LastJob { get; init; }

    /// <summary>What it is.</summary>
    /// <exception cref="FormatException">It is one that this program or machine cannot read: a time zone that it does not know, say.</exception>
    public ScheduleDefinition Read() => ScheduleJson.Read(this);
}

/// <summary>A tick of a schedule, or several, to be carried out.</summary>
/// <param name="Schedule">The schedule as it was when that was decided. If it has been defined or has ticked since, nothing is done.</param>
/// <param name="Jobs">The jobs to enqueue.</param>
/// <param name="At">The last of the ticks; null when the time has brought none.</param>
/// <param name="Next">The next tick.</param>
/// <param name="By">Who has asked for it out of turn, for the log; null when nobody did.</param>
public sealed record Tick(Schedule Schedule, IReadOnlyList<NewJob> Jobs, DateTimeOffset? At, DateTimeOffset? Next, string? By = null);

/// <summary>What became of a tick.</summary>
/// <param name="Accepted">Whether it was carried out; false when somebody else was first.</param>
/// <param name="Jobs">One answer a job, in order; none when it was not carried out.</param>
public sealed record Ticked(bool Accepted, IReadOnlyList<EnqueuedJob> Jobs)
{
    /// <summary>Somebody else was first.</summary>
    public static Ticked TooLate { get; } = new(false, []);
}
