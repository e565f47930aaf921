namespace Steadwork.Storage;

/// <summary>How long unique keys stay taken, and what a list says of them by itself.</summary>
internal static class Uniqueness
{
    /// <summary>The end of a time that has none: the last millisecond that every store can tell.</summary>
    public static readonly DateTimeOffset ForEver = new(9999, 12, 31, 23, 59, 59, 999, TimeSpan.Zero);

    /// <summary>Until when the unique key of a job stays taken once that has ended; null when its end frees the key.</summary>
    public static DateTimeOffset? Until(NewJob job, DateTimeOffset now) =>
        job.UniqueScope is UniqueScope.WhileKept ? ForEver : Times.Whole(now) + Times.Whole(job.UniqueFor);

    /// <summary>Whether the bearer of its key may take something over from a job.</summary>
    public static bool Replaces(this WhenTaken whenTaken) => whenTaken is WhenTaken.Replace or WhenTaken.ReplacePayload or WhenTaken.ReplaceTime;

    /// <summary>Refuses a list in which a job bears a key that must be free, and an earlier one bears it.</summary>
    /// <returns>The jobs that must not be stored where their key is taken.</returns>
    /// <exception cref="UniqueKeyTakenException">There is such a job.</exception>
    public static IReadOnlyList<NewJob> Demanding(IReadOnlyList<NewJob> jobs)
    {
        if (!jobs.Any(Demands))
            return [];
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            if (job.UniqueKey is { } key && !keys.Add(key) && Demands(job))
                throw new UniqueKeyTakenException(key, bearer: null);
        }
        return [.. jobs.Where(Demands)];
    }

    private static bool Demands(NewJob job) => job is { WhenTaken: WhenTaken.Refuse, UniqueKey: not null };
}
