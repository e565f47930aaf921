namespace Steadwork.Storage;

/// <summary>Which jobs of a list may be given a place of their exclusive key as they are stored, instead of standing behind it first (see docs/decisions/0030).</summary>
internal static class ComingAlone
{
    private static readonly HashSet<string> None = [];

    /// <summary>
    /// The exclusive keys that stand once in a list. Of several jobs with one key the first goes by priority, which shows once all are there; and what
    /// bears a unique key of the list may come to stand behind any exclusive key by what it takes over.
    /// </summary>
    public static IReadOnlySet<string> KeysOf(IReadOnlyList<NewJob> jobs)
    {
        HashSet<string>? keys = null, shared = null;
        for (var place = 0; place < jobs.Count; place++)
        {
            var job = jobs[place];
            if (job.UniqueKey is not null && (job.WhenTaken is WhenTaken.Amend || job.WhenTaken.Replaces()))
                return None;
            if (job.ExclusiveKey is { } key && !(keys ??= new(StringComparer.Ordinal)).Add(key))
                (shared ??= new(StringComparer.Ordinal)).Add(key);
        }
        if (shared is not null)
            keys!.ExceptWith(shared);
        return keys ?? None;
    }

    /// <summary>Whether it could run at once, as far as the job itself tells.</summary>
    public static bool IsPrompt(NewJob job) => job is { After.Count: 0, AfterPlaces.Count: 0, AfterBatch: null } && job.Delay <= TimeSpan.Zero;
}
