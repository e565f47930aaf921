using System.Globalization;
using System.Text;
using Steadwork.Sqlite.Connections;
using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Answers questions about jobs.</summary>
internal static class Reading
{
    public static List<Job> Find(Database database, JobQuery query)
    {
        var sql = new StringBuilder(SqlText.Of("find-jobs"));
        var values = new List<string>();

        void Where(string condition, string? value)
        {
            if (value is null)
                return;
            values.Add(value);
            sql.Append(" AND ").AppendFormat(CultureInfo.InvariantCulture, condition, "?" + values.Count.ToString(CultureInfo.InvariantCulture));
        }

        Where("jobs.id IN (SELECT value FROM json_each({0}))", query.Ids is { } ids ? "[" + string.Join(',', ids) + "]" : null);
        Where("jobs.lane IN (SELECT id FROM lanes WHERE queue = {0})", query.Queue);
        Where("jobs.lane IN (SELECT id FROM lanes WHERE type = {0})", query.Type);
        Where("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = {0})", query.Tag);
        Where("jobs.lane IN (SELECT value FROM json_each({0}))", query.RequiresAtMost is { } tags ? "[" + string.Join(',', LanesFor(database, tags)) + "]" : null);
        Where("jobs.batch = CAST({0} AS INTEGER)", query.Batch?.ToString());
        Where(AnyHasText("payload", "result", "error ->> '$.type'", "error ->> '$.message'", "error ->> '$.stack'"), query.Text is { } text ? $"%{EscapeLike(text)}%" : null);
        Where("jobs.id < CAST({0} AS INTEGER)", query.Before?.ToString());
        Where("run_at <= CAST({0} AS INTEGER)", query.DueBy?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        sql.Append(query.Started switch { null => "", true => " AND attempt > 0", false => " AND attempt = 0" });
        sql.Append(query.State switch
        {
            null => "",
            // The planner takes a partial index only where its own condition stands in the query word for word.
            JobState.Failed or JobState.Cancelled => $" AND state IN ('failed', 'cancelled') AND state = '{query.State.Value.Name()}'",
            { } state => $" AND state = '{state.Name()}'",
        });
        sql.Append(query.Ids is null ? " ORDER BY jobs.id DESC" : " ORDER BY jobs.id");
        sql.Append(CultureInfo.InvariantCulture, $" LIMIT {(query.Ids is { } all ? all.Count : query.Limit)}");

        using var statement = database.Prepare(sql.ToString());
        for (var index = 0; index < values.Count; index++)
            statement.Bind(index + 1, values[index]);
        return statement.All(Row);
    }

    /// <summary>The lanes that a worker with some tags can serve.</summary>
    private static IEnumerable<long> LanesFor(Database database, IReadOnlyList<string> tags) =>
        database["lanes"].All(row => (Id: row.Long(0), Requires: row.Text(1))).Where(lane => Requirement.IsMet(Requirement.Read(lane.Requires), tags)).Select(lane => lane.Id);

    /// <param name="database">Where to read.</param>
    /// <param name="id">The job.</param>
    /// <param name="alive">Tells which of the registered workers are alive.</param>
    /// <param name="now">The time.</param>
    public static Standing? Standing(Database database, JobId id, Func<IReadOnlyList<WorkerView>, IReadOnlyList<WorkerView>> alive, DateTimeOffset now)
    {
        if (Find(database, new JobQuery { Ids = [id] }) is not [var job])
            return null;
        var rivals = new Rivals(job, alive(Workers(database)), new Barriers(Pauses(database), Gates.Limits.Views(database, now), Gates.Breakers.Views(database, now), now));
        var (ready, blocked) = database["job-head"].Bind(1, id.Value).First(row => (row.Int(2) == 1, row.Int(5) == 1));
        var key = job.State.IsEnded() ? null : job.ExclusiveKey;
        return new Standing(
            job,
            key is null ? [] : database["key-holders"].Bind(1, key).All(row => new KeyHolder(
                new JobId(row.Long(0)), JobStates.Parse(row.Text(1)), row.LongOrNull(2) is { } worker ? new WorkerId(worker) : null)),
            job.State is not JobState.Waiting || blocked || key is null ? 0
                : database["ahead-behind-key"].Bind(1, key).Bind(2, job.Priority).Bind(3, id.Value).Bind(4, Storage.Standing.CountedAtMost).First(row => row.Long(0)),
            ready ? Ahead(database, rivals, [job.Queue], isAmong: rivals.Order is null) : 0,
            database["parents-of"].Bind(1, id.Value).Bind(2, Storage.Standing.ParentsAtMost)
                .All(row => new Parent(new JobId(row.Long(0)), row.TextOrNull(1) is { } state ? JobStates.Parse(state) : null, row.Int(2) == 1)),
            rivals.Rules)
        {
            AheadInOtherQueues = ready ? Ahead(database, rivals, [.. rivals.Queues.Except([job.Queue])], isAmong: false) : 0,
            Follows = database["followed-by"].Bind(1, id.Value).First(row => ((long, bool)?)(row.Long(0), row.Int(1) == 1)) is var (followed, isDone) && Batches(database, [new BatchId(followed)]) is [var batch]
                ? new FollowedBatch(batch, isDone)
                : null,
        };
    }

    /// <summary>Counts those that come before a job in some queues, a lane and priority after the other and no more than it must.</summary>
    /// <param name="database">Where to read.</param>
    /// <param name="rivals">Which of them come before it.</param>
    /// <param name="queues">The queues.</param>
    /// <param name="isAmong">Whether it is found among them itself: where each may come first.</param>
    private static long Ahead(Database database, Rivals rivals, IReadOnlyList<string> queues, bool isAmong)
    {
        var ahead = 0L;
        var lanes = database["rival-lanes"].BindText(1, TagsJson.Write(queues)).All(row => (Id: row.Long(0), Queue: row.Text(1), Type: row.Text(2), Requires: row.Text(3)));
        foreach (var lane in lanes.Where(lane => rivals.Include(lane.Queue, lane.Type, Requirement.Read(lane.Requires))))
        {
            foreach (var priority in Claims.PrioritiesOf(database, lane.Id))
            {
                var (after, before) = rivals.Ahead(lane.Queue, priority);
                ahead += database["ahead-in-line"].Bind(1, lane.Id).Bind(2, priority).Bind(3, after).Bind(4, before).Bind(5, Storage.Standing.CountedAtMost - ahead + 1).First(row => row.Long(0));
            }
        }
        return Math.Min(ahead - (isAmong ? 1 : 0), Storage.Standing.CountedAtMost);
    }

    private static List<WorkerView> Workers(Database database) => database["workers"].All(row => new WorkerView(
        new WorkerId(row.Long(0)), row.Text(1), row.Text(2), row.Int(3), TagsJson.Read(row.Text(4)), TagsJson.Read(row.Text(5)), Time(row.Long(6)), row.Long(7))
    {
        Tags = TagsJson.Read(row.Text(8)),
        Rule = ClaimRuleJson.Read(row.Text(9)),
    });

    public static List<BatchView> Batches(Database database, IReadOnlyList<BatchId> batches) =>
        database["batches"].Bind(1, "[" + string.Join(',', batches) + "]").All(row => new BatchView
        {
            Id = new BatchId(row.Long(0)),
            Name = row.TextOrNull(1),
            IsOpen = row.Int(2) == 1,
            CreatedAt = Time(row.Long(3)),
            EndedAt = TimeOrNull(row.LongOrNull(4)),
            Follower = row.LongOrNull(5) is { } follower ? new JobId(follower) : null,
            Counts = new StateCounts(row.Long(6), row.Long(7), row.Long(8), row.Long(9), row.Long(10), row.Long(11)),
            Deleted = row.Long(12),
        });

    public static JobState StateOf(Database database, JobId job) =>
        database["job-head"].Bind(1, job.Value).First(row => JobStates.Parse(row.Text(1)));

    public static List<Attempt> Attempts(Database database, JobId job)
    {
        var attempts = database["attempts"].Bind(1, job.Value).All(row => new Attempt(
            row.Int(0), new WorkerId(row.Long(1)), Time(row.Long(2)), Time(row.Long(3)), row.Text(4), ErrorJson.Read(row.TextOrNull(5)), row.IsNull(6) ? default : row.Bytes(6)));
        attempts.AddRange(database["present-attempt"].Bind(1, job.Value).All(row => new Attempt(
            row.Int(0), new WorkerId(row.Long(1)), Time(row.Long(2)), TimeOrNull(row.LongOrNull(3)), row.Text(4), null)));
        return attempts;
    }

    public static StoreStatistics Statistics(Database database) => new(
        database["lane-counts"].All(row => new LaneCounts(row.Text(0), row.Text(1), new StateCounts(
            row.Long(2), row.Long(3), row.Long(4), row.Long(5), row.Long(6), row.Long(7)))),
        Workers(database),
        database["log-position"].First(row => row.Long(0)),
        Pauses(database));

    private static List<Pause> Pauses(Database database) => database["pauses"].All(row => new Pause(PauseJson.Scope(row.Text(0)), row.Text(1), Time(row.Long(2)), row.Text(3)));

    public static List<LogEntry> Log(Database database, long after, int limit)
    {
        var entries = new List<LogEntry>();
        database["read-log"].Bind(1, after).Bind(2, limit).Each(row =>
        {
            entries.AddRange(LogPages.Read(row).Where(entry => entry.Position > after).Take(limit - entries.Count));
            return entries.Count < limit;
        });
        return entries;
    }

    private static Job Row(Statement row) => new()
    {
        Id = new JobId(row.Long(0)),
        Type = row.Text(1),
        Queue = row.Text(2),
        Priority = row.Int(3),
        State = JobStates.Parse(row.Text(4)),
        Attempt = row.Int(5),
        Failures = row.Int(6),
        MaxAttempts = row.Int(7),
        Timeout = row.LongOrNull(8) is { } timeout ? TimeSpan.FromMilliseconds(timeout) : null,
        RunAt = Time(row.Long(9)),
        CreatedAt = Time(row.Long(10)),
        StartedAt = TimeOrNull(row.LongOrNull(11)),
        FinishedAt = TimeOrNull(row.LongOrNull(12)),
        UniqueKey = row.TextOrNull(13),
        Tags = TagsJson.Read(row.TextOrNull(14)),
        Worker = row.LongOrNull(15) is { } worker ? new WorkerId(worker) : null,
        Payload = row.Bytes(16),
        Result = row.IsNull(17) ? default : row.Bytes(17),
        LastError = ErrorJson.Read(row.TextOrNull(18)),
        TraceParent = row.TextOrNull(19),
        Alone = row.Int(20) == 1,
        CancelReason = row.TextOrNull(21),
        ExclusiveKey = row.TextOrNull(22),
        ExclusiveLimit = row.Int(23),
        ExpiresAt = TimeOrNull(row.LongOrNull(24)),
        Requires = Requirement.Read(row.Text(25)),
        BatchId = row.LongOrNull(26) is { } batch ? new BatchId(batch) : null,
    };

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static DateTimeOffset? TimeOrNull(long? milliseconds) => milliseconds is { } some ? Time(some) : null;

    private static string AnyHasText(params IEnumerable<string> places) =>
        "(" + string.Join(" OR ", places.Select(place => place + " LIKE {0} ESCAPE '\\'")) + ")";

    private static string EscapeLike(string text) => text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");
}
