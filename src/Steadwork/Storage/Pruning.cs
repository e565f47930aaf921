namespace Steadwork.Storage;

/// <summary>The retention of a store, by which all its workers prune.</summary>
/// <param name="Rules">What is kept for how long.</param>
/// <param name="By">Who has set it.</param>
/// <param name="Since">When.</param>
public sealed record Retention(RetentionRules Rules, string By, DateTimeOffset Since);

/// <summary>How far a walk over what may have had its time has come; the default begins with the oldest.</summary>
/// <param name="Job">The job up to which all have been looked at.</param>
/// <param name="Position">The position up to which the log has been.</param>
/// <param name="Batch">The batch up to which all have been.</param>
public readonly record struct PruneMark(JobId Job, long Position, BatchId Batch = default);

/// <summary>What one step of pruning has removed, or would.</summary>
/// <param name="Jobs">How many jobs.</param>
/// <param name="Attempts">How many attempts, of these jobs.</param>
/// <param name="LogEntries">How many entries of the log.</param>
/// <param name="Reached">Where the next step goes on.</param>
/// <param name="IsOver">Whether the walk has come to what is younger than any rule: nothing is left to be removed behind the mark from which it began.</param>
public sealed record Pruned(int Jobs, int Attempts, int LogEntries, PruneMark Reached, bool IsOver);

/// <summary>How pruning goes about it, so that others mind it little.</summary>
/// <param name="StepSize">How many jobs a step removes at the most. At least 1.</param>
/// <param name="RestFactor">For how many times as long as a step took the store is left alone after it: what is slow because much is going on, pruning leaves alone for longer.</param>
public sealed record PrunePace(int StepSize, int RestFactor)
{
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(20);

    /// <summary>Where a step keeps all others from writing.</summary>
    public static PrunePace Gentle { get; } = new(200, 4);

    /// <summary>How long the store is left alone after a step.</summary>
    public TimeSpan RestAfter(TimeSpan took) => took * RestFactor < ShortestRest ? ShortestRest : took * RestFactor;
}

/// <summary>A job that the walk comes past.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsDefined">Whether the queue has a definition.</param>
/// <param name="State">Where it stands.</param>
/// <param name="CreatedAt">When it was enqueued.</param>
/// <param name="FinishedAt">When it ended; null when it has not.</param>
/// <param name="UniqueUntil">Until when its unique key stays taken; null when its end frees it.</param>
internal readonly record struct PassedJob(long Id, string Queue, string Type, bool IsDefined, JobState State, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, DateTimeOffset? UniqueUntil)
{
    /// <summary>Whether it is kept for its unique key, which stays taken for a time of its own.</summary>
    public bool BearsKey(DateTimeOffset now) => UniqueUntil > now && UniqueUntil != Uniqueness.ForEver;
}

/// <summary>A batch that the walk comes past.</summary>
/// <param name="Id">Its number.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="EndedAt">When it ended; null when it has not.</param>
internal readonly record struct PassedBatch(long Id, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);

/// <summary>
/// One step of the walk over the jobs of a store, in the order of their ids, then over its batches, and over its log. Says what has had its time and
/// where to stop; the store reads and removes. Needs no index: a job that was enqueued less than the shortest time ago cannot
/// have ended earlier, and neither can those after it.
/// </summary>
internal sealed class PruneWalk(RetentionRules rules, PruneMark from, int most, DateTimeOffset now)
{
    /// <summary>So many it looks at in any case: among those that are kept for longer there may be none to remove.</summary>
    private const int FewestLookedAt = 800;

    private readonly List<PassedJob> due = [];
    private readonly Dictionary<(string, string, JobState, bool), TimeSpan?> keeps = [];
    private readonly TimeSpan? shortest = rules.Shortest;
    private long job = from.Job.Value;
    private long position = from.Position;
    private long batch = from.Batch.Value;
    private readonly List<long> dueBatches = [];
    private bool moreJobs = rules.Shortest is not null;
    private bool moreBatches = rules.Shortest is not null;
    private bool moreLog = rules.Log != Timeout.InfiniteTimeSpan;

    /// <summary>How many jobs to look at, at the most.</summary>
    public int JobsLookedAt => moreJobs ? Math.Max(most, FewestLookedAt) : 0;

    /// <summary>How many entries of the log to look at, at the most: a job writes three or four.</summary>
    public int EntriesLookedAt => moreLog ? most * 4 : 0;

    /// <summary>How many batches to look at, at the most.</summary>
    public int BatchesLookedAt => shortest is null ? 0 : Math.Max(most, FewestLookedAt);

    public long AfterBatch => from.Batch.Value;

    public long AfterJob => from.Job.Value;

    public long AfterPosition => from.Position;

    /// <summary>The jobs that have had their time.</summary>
    public IReadOnlyList<PassedJob> Due => due;

    /// <summary>The batches that have, unless jobs of theirs, or their followers, are left.</summary>
    public IReadOnlyList<long> DueBatches => dueBatches;

    /// <summary>How many entries of the log have.</summary>
    public int Entries { get; private set; }

    /// <summary>The position of the last of these.</summary>
    public long LastPosition => position;

    public bool FindsNothing => due.Count == 0 && dueBatches.Count == 0 && Entries == 0;

    /// <summary>Comes past jobs: as many as were to be looked at, or all that there are.</summary>
    public void Pass(IReadOnlyList<PassedJob> jobs)
    {
        moreJobs = moreJobs && jobs.Count == JobsLookedAt;
        foreach (var passed in jobs)
        {
            if (passed.FinishedAt is { } finished)
            {
                if (now - passed.CreatedAt < shortest)
                {
                    moreJobs = false;
                    return;
                }
                if (Keep(passed) is { } keep && now - finished >= keep && !passed.BearsKey(now))
                    due.Add(passed);
            }
            job = passed.Id;
            if (due.Count == most)
            {
                moreJobs = true;
                return;
            }
        }
    }

    /// <summary>Comes past batches: as many as were to be looked at, or all that there are. Once the jobs are through, that is: those of a batch go before it.</summary>
    public void Pass(IReadOnlyList<PassedBatch> batches)
    {
        if (moreJobs || !moreBatches)
            return;
        moreBatches = batches.Count == BatchesLookedAt;
        foreach (var passed in batches)
        {
            if (now - passed.CreatedAt < shortest)
            {
                moreBatches = false;
                return;
            }
            if (now - passed.EndedAt >= shortest)
                dueBatches.Add(passed.Id);
            batch = passed.Id;
        }
    }

    /// <summary>Comes past the next entries of the log, some that were written together at once.</summary>
    /// <param name="batches">The position of the last of each, how many they are, and when they were written; null when they are gone already.</param>
    public void Pass(IReadOnlyList<(long Upto, int Entries, DateTimeOffset? At)> batches)
    {
        moreLog = moreLog && batches.Count == EntriesLookedAt;
        foreach (var (upto, entries, at) in batches)
        {
            if (now - at < rules.Log)
            {
                moreLog = false;
                return;
            }
            position = upto;
            Entries += at is null ? 0 : entries;
            if (Entries >= most * 4)
            {
                moreLog = true;
                return;
            }
        }
    }

    /// <summary>The answer of the step.</summary>
    public Pruned Answer(int jobs, int attempts, int entries) => new(jobs, attempts, entries, new PruneMark(new JobId(job), position, new BatchId(batch)), IsOver: !moreJobs && !moreBatches && !moreLog);

    private TimeSpan? Keep(PassedJob passed)
    {
        var lane = (passed.Queue, passed.Type, passed.State, passed.IsDefined);
        return keeps.TryGetValue(lane, out var keep) ? keep : keeps[lane] = rules.Keep(passed.Queue, passed.Type, passed.State, passed.IsDefined);
    }
}
