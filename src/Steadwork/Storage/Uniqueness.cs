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

    /// <summary>Refuses a list in which a job asks something of its key, and an earlier one bears it that does not do.</summary>
    /// <returns>The jobs that ask something of whoever bears their key in the store.</returns>
    /// <exception cref="UniqueKeyTakenException">There is such a job.</exception>
    public static IReadOnlyList<NewJob> Demanding(IReadOnlyList<NewJob> jobs)
    {
        if (!jobs.Any(Demands))
            return [];
        var bearers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            if (job.UniqueKey is { } key && !bearers.TryAdd(key, job.Type))
                RequireFor(job, bearer: null, bearers[key]);
        }
        return [.. jobs.Where(Demands)];
    }

    /// <summary>Refuses a job whose key is borne by one that must not bear it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="bearer">Who bears its key; null for one of the same list.</param>
    /// <param name="type">The type of the bearer.</param>
    /// <exception cref="UniqueKeyTakenException">It must not.</exception>
    public static void RequireFor(NewJob job, JobId? bearer, string type)
    {
        if (job.WhenTaken is WhenTaken.Refuse)
            throw new UniqueKeyTakenException(job.UniqueKey!, bearer);
        if (job.WhenTaken.Replaces() && type != job.Type)
            throw new UniqueKeyTakenException(job.UniqueKey!, bearer, type);
    }

    /// <summary>The only type that may bear its key; null when none may.</summary>
    public static string? Bearable(NewJob job) => job.WhenTaken is WhenTaken.Refuse ? null : job.Type;

    private static bool Demands(NewJob job) => job.UniqueKey is not null && (job.WhenTaken is WhenTaken.Refuse || job.WhenTaken.Replaces());
}
