namespace Steadwork.Storage;

/// <summary>What some definitions change in a store. Pure: a store looks, asks here, and writes, in one transaction.</summary>
/// <remarks>
/// What somebody has defined by hand stays until somebody removes or replaces it by hand: no start of a program undoes it. What a
/// program has in its code counts until a later or equal version of the program says otherwise, so that an old one that is started
/// again, or still runs beside the new one, wipes nothing; and goes with the first version that has it no more. A schedule whose timing
/// stays the same keeps its next tick, and with it what it has missed.
/// </remarks>
public sealed record ScheduleChanges
{
    /// <summary>For each definition, in order, what became of it.</summary>
    public required IReadOnlyList<Defined> Answers { get; init; }

    /// <summary>The schedules to write, in the place of those of the same names.</summary>
    public required IReadOnlyList<Schedule> Puts { get; init; }

    /// <summary>The names of those to remove.</summary>
    public required IReadOnlyList<string> Removals { get; init; }

    /// <summary>Decides.</summary>
    /// <param name="there">All schedules of the store.</param>
    /// <param name="wanted">The definitions.</param>
    /// <param name="owner">Whose they are.</param>
    public static ScheduleChanges Of(IReadOnlyList<Schedule> there, IReadOnlyList<NewSchedule> wanted, ScheduleOwner owner)
    {
        var byName = there.ToDictionary(schedule => schedule.Name);
        var answers = new List<Defined>();
        var puts = new List<Schedule>();
        foreach (var each in wanted)
        {
            var old = byName.GetValueOrDefault(each.Definition.Name);
            var anew = ScheduleJson.Write(each, owner, (old?.Revision ?? 0) + 1);
            var answer = Decide(old, anew, owner);
            answers.Add(answer);
            if (answer is not Defined.Done)
                continue;
            var put = old is null || old.Timing != anew.Timing ? anew : anew with { Anchor = old.Anchor, Next = old.Next };
            put = put with { LastTick = old?.LastTick, LastJob = old?.LastJob };
            puts.Add(put);
            byName[put.Name] = put;
        }
        var names = wanted.Select(each => each.Definition.Name).ToHashSet();
        var dropped = there.Where(schedule => owner.Program is not null && schedule.Program == owner.Program && !names.Contains(schedule.Name) && !IsNewer(schedule.Version, owner.Version));
        return new ScheduleChanges { Answers = answers, Puts = puts, Removals = [.. dropped.Select(schedule => schedule.Name)] };
    }

    private static Defined Decide(Schedule? old, Schedule anew, ScheduleOwner owner) => old switch
    {
        null => Defined.Done,
        _ when owner.Program is null && !owner.Replace => Defined.KeptOther,
        _ when owner.Program is not null && old.Program != owner.Program => Defined.KeptOther,
        _ when owner.Program is not null && IsNewer(old.Version, owner.Version) => Defined.KeptNewer,
        _ when old.Timing == anew.Timing && old.Settings == anew.Settings && old.Payload.Span.SequenceEqual(anew.Payload.Span) && old.Program == anew.Program && old.Version == anew.Version => Defined.Unchanged,
        _ => Defined.Done,
    };

    private static bool IsNewer(string version, string than) => Parsed(version) > Parsed(than);

    // A part that is not said is a zero: 1.2 is 1.2.0.
    private static Version Parsed(string version) => Version.TryParse(version.Contains('.', StringComparison.Ordinal) ? version : version + ".0", out var parsed)
        ? new Version(parsed.Major, parsed.Minor, Math.Max(0, parsed.Build), Math.Max(0, parsed.Revision))
        : new Version(0, 0, 0, 0);
}
