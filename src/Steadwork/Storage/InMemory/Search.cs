using System.Text;

namespace Steadwork.Storage.InMemory;

/// <summary>Whether a job is one that a query looks for.</summary>
internal static class Search
{
    public static IReadOnlyList<Job> Find(Table table, JobQuery query)
    {
        var found = table.All.Select(entry => entry.Job).Where(job => Fits(job, query));
        return query.Ids is null ? [.. found.Reverse().Take(query.Limit)] : [.. found];
    }

    public static Standing Standing(Table table, Family family, Batches batches, Entry entry, Rivals rivals)
    {
        var job = entry.Job;
        var place = (job.Priority, entry.Id);
        var ofKey = table.All.Where(other => !job.State.IsEnded() && job.ExclusiveKey is { } key && other.Job.ExclusiveKey == key).ToList();
        return new Standing(
            job,
            [.. ofKey.Where(other => other.Slot is not null).OrderBy(other => other.Slot).Select(other => new KeyHolder(other.Job.Id, other.Job.State, other.Job.Worker))],
            entry.WaitsBehind is null ? 0 : ofKey.Where(other => other.WaitsBehind is not null && (other.Job.Priority, other.Id).CompareTo(place) < 0).Take(Storage.Standing.CountedAtMost).Count(),
            Ahead(others: false),
            [.. family.ParentsOf(entry.Id).Where(parent => parent.Id > 0).OrderBy(parent => parent.IsDone).Take(Storage.Standing.ParentsAtMost).Select(parent =>
                new Parent(new JobId(parent.Id), table.TryGet(new JobId(parent.Id), out var other) ? other.Job.State : null, parent.IsDone))],
            rivals.Rules)
        {
            AheadInOtherQueues = Ahead(others: true),
            Follows = family.ParentsOf(entry.Id).Where(parent => parent.Id < 0).Select(parent => batches.Find(-parent.Id) is { } batch ? new FollowedBatch(batch, parent.IsDone) : null).FirstOrDefault(),
        };

        int Ahead(bool others) => !entry.Ready ? 0 : table.Ready.Where(other => other.Job.Queue != job.Queue == others && IsAhead(other)).Take(Storage.Standing.CountedAtMost).Count();

        bool IsAhead(Entry other) =>
            other.Id != entry.Id && rivals.Queues.Contains(other.Job.Queue) && rivals.Include(other.Job.Queue, other.Job.Type, other.Job.Requires)
            && rivals.Ahead(other.Job.Queue, other.Job.Priority) is var (after, before) && other.Id > after && other.Id < before;
    }

    private static bool Fits(Job job, JobQuery query) =>
        (query.Ids is not { } ids || ids.Contains(job.Id))
        && (query.State is not { } state || job.State == state)
        && (query.Queue is not { } queue || job.Queue == queue)
        && (query.Type is not { } type || job.Type == type)
        && (query.Tag is not { } tag || job.Tags.Contains(tag))
        && (query.RequiresAtMost is not { } tags || Requirement.IsMet(job.Requires, tags))
        && (query.Batch is not { } batch || job.BatchId == batch)
        && (query.Started is not { } started || job.Attempt > 0 == started)
        && (query.DueBy is not { } due || job.RunAt <= due)
        && (query.Before is not { } before || job.Id.CompareTo(before) < 0)
        && (query.Text is not { } text || Texts(job).Any(place => ContainsIgnoringAsciiCase(place, text)));

    private static IEnumerable<string> Texts(Job job)
    {
        yield return Encoding.UTF8.GetString(job.Payload.Span);
        yield return Encoding.UTF8.GetString(job.Result.Span);
        if (job.LastError is not { } error)
            yield break;
        yield return error.Type;
        yield return error.Message;
        yield return error.Stack ?? "";
    }

    private static bool ContainsIgnoringAsciiCase(string place, string text) => Folded(place).Contains(Folded(text), StringComparison.Ordinal);

    private static string Folded(string text) =>
        string.Create(text.Length, text, (folded, original) =>
        {
            for (var index = 0; index < folded.Length; index++)
                folded[index] = char.IsAsciiLetterUpper(original[index]) ? (char)(original[index] | 0x20) : original[index];
        });
}
