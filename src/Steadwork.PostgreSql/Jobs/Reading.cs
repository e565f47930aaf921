using System.Data.Common;
using System.Globalization;
using System.Text;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Answers questions about jobs.</summary>
internal sealed class Reading(Database database)
{
    public Task<List<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var values = new List<NpgsqlParameter>();
        string Add(NpgsqlParameter value)
        {
            values.Add(value);
            return "$" + values.Count.ToString(CultureInfo.InvariantCulture);
        }

        var order = query.Ids is null ? " ORDER BY id DESC" : " ORDER BY id";
        var limit = string.Create(CultureInfo.InvariantCulture, $"{order} LIMIT {query.Ids?.Count ?? query.Limit}");
        var halves = new List<string>();
        if (query.State is null || !query.State.Value.IsEnded())
            halves.Add($"({database.Text("find-jobs")} {Where(query, "jobs", "NULL", Add)}{limit})");
        if (query.State is null || query.State.Value.IsEnded())
            halves.Add($"({database.Text("find-history")} {Where(query, "history", "result", Add)}{limit})");
        var sql = halves is [var half] ? half : string.Join(" UNION ALL ", halves) + limit;
        return database.RunAsync(database.Batch().AddText(sql, [.. values]), reader => reader.AllAsync(Row), cancellationToken);
    }

    /// <param name="id">The job.</param>
    /// <param name="hasDied">Whether a worker is known to be dead, whose lease has not run out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Standing?> StandingAsync(JobId id, Func<WorkerId, bool> hasDied, CancellationToken cancellationToken)
    {
        if (await FindAsync(new JobQuery { Ids = [id] }, cancellationToken).ConfigureAwait(false) is not [var job])
            return null;
        var batch = database.Batch()
            .Add("keep-plans", Value.Of("0"))
            .Add("standing", Value.Of(id.Value), Value.Of((long)Standing.CountedAtMost))
            .Add("key-holders", Value.Of(id.Value))
            .Add("parents-of", Value.Of(id.Value), Value.Of((long)Standing.ParentsAtMost))
            .Add("workers")
            .Add("rival-lanes", Value.Of(job.Queue))
            .Add("followed-by", Value.Of(id.Value))
            .Add("pauses").Add("limits").Add("breakers").Add("clock");
        var (behind, isInLine, holders, parents, workers, lanes, follows, barriers) = await database.RunAsync(batch, async reader =>
        {
            await reader.NextAsync().ConfigureAwait(false);
            var (behind, isInLine) = await reader.FirstAsync(row => (row.Long(0), row.Bool(1))).ConfigureAwait(false);
            var holders = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => new KeyHolder(
                new JobId(row.Long(0)), JobStates.Parse(row.Text(1)), row.LongOrNull(2) is { } worker ? new WorkerId(worker) : null)).ConfigureAwait(false);
            var parents = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => new Parent(
                new JobId(row.Long(0)), row.TextOrNull(1) is { } state ? JobStates.Parse(state) : null, row.Bool(2))).ConfigureAwait(false);
            var workers = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Worker).ConfigureAwait(false);
            var lanes = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => (Id: row.Int(0), Queue: row.Text(1), Type: row.Text(2), Requires: row.Text(3))).ConfigureAwait(false);
            var follows = await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => new FollowedBatch(Batches.Row(row), row.Bool(13))).ConfigureAwait(false);
            var pauses = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Pause).ConfigureAwait(false);
            var limits = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Gates.Limits.View).ConfigureAwait(false);
            var breakers = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Gates.Breakers.View).ConfigureAwait(false);
            var now = await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Time(0)).ConfigureAwait(false);
            return (behind, isInLine, holders, parents, workers, lanes, follows, new Barriers(pauses, limits, breakers, now));
        }, cancellationToken).ConfigureAwait(false);

        var rivals = new Rivals(job, workers.Where(worker => !hasDied(worker.Id)), barriers);
        (int Lane, string Queue)[] theirs = isInLine
            ? [.. lanes.Where(lane => rivals.Queues.Contains(lane.Queue) && rivals.Include(lane.Queue, lane.Type, Requirement.Read(lane.Requires))).Select(lane => (lane.Id, lane.Queue))]
            : [];
        var (ahead, elsewhere) = theirs.Length == 0 ? default : await database.RunAsync(
            AheadOf(AheadOf(database.Batch().Add("keep-plans", Value.Of("0")), job, theirs.Where(lane => lane.Queue == job.Queue), rivals), job, theirs.Where(lane => lane.Queue != job.Queue), rivals),
            async reader => (
                await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Long(0)).ConfigureAwait(false),
                await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Long(0)).ConfigureAwait(false)), cancellationToken).ConfigureAwait(false);
        return new Standing(job, holders, behind, ahead, parents, rivals.Rules) { AheadInOtherQueues = elsewhere, Follows = follows };
    }

    private static Batch AheadOf(Batch batch, Job job, IEnumerable<(int Id, string Queue)> lanes, Rivals rivals) => batch.Add("ahead-in-line",
        Value.Of([.. lanes.Select(lane => lane.Id)]), Value.Of([.. lanes.Select(lane => rivals.OrderIn(lane.Queue)?.Name())]),
        Value.Of(job.Priority), Value.Of(job.Id.Value), Value.Of((long)Standing.CountedAtMost));

    public Task<List<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("attempts", Value.Of(job.Value)), reader => reader.AllAsync(row => new Attempt(
            row.Int(0), new WorkerId(row.Long(1)), row.Time(2), row.TimeOrNull(3), row.Text(4), ErrorJson.Read(row.TextOrNull(5)), row.Utf8(6))), cancellationToken);

    /// <summary>The counts of each lane, the workers whose lease has not run out, and what is paused.</summary>
    public Task<(List<LaneCounts> Lanes, List<WorkerView> Workers, List<Pause> Pauses)> CountsAsync(CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("lane-counts").Add("workers").Add("pauses"), async reader => (
            await reader.AllAsync(row => new LaneCounts(row.Text(0), row.Text(1), new StateCounts(
                row.Long(2), row.Long(3), row.Long(4), row.Long(5), row.Long(6), row.Long(7)))).ConfigureAwait(false),
            await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Worker).ConfigureAwait(false),
            await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Pause).ConfigureAwait(false)),
            cancellationToken);

    private static Pause Pause(DbDataReader row) => new(PauseJson.Scope(row.Text(0)), row.Text(1), row.Time(2), row.Text(3));

    private static WorkerView Worker(DbDataReader row) => new(
        new WorkerId(row.Long(0)), row.Text(1), row.Text(2), row.Int(3), row.GetFieldValue<string[]>(4), row.GetFieldValue<string[]>(5), row.Time(6), row.Long(7))
    {
        Tags = row.GetFieldValue<string[]>(8),
        Rule = ClaimRuleJson.Read(row.Text(9)),
    };

    private static string Where(JobQuery query, string table, string result, Func<NpgsqlParameter, string> add)
    {
        var conditions = new StringBuilder("WHERE true");
        if (query.Ids is { } ids)
            conditions.Append(CultureInfo.InvariantCulture, $" AND {table}.id = ANY ({add(Value.Of([.. ids.Select(id => id.Value)]))})");
        if (query.State is { } state)
            conditions.Append(CultureInfo.InvariantCulture, $" AND state = '{state.Name()}'");
        if (query.Queue is { } queue)
            conditions.Append(CultureInfo.InvariantCulture, $" AND queue = {add(Value.Of(queue))}");
        if (query.Type is { } type)
            conditions.Append(CultureInfo.InvariantCulture, $" AND type = {add(Value.Of(type))}");
        if (query.Tag is { } tag)
            conditions.Append(CultureInfo.InvariantCulture, $" AND jsonb_exists(tags, {add(Value.Of(tag))})");
        if (query.RequiresAtMost is { } tags)
            conditions.Append(CultureInfo.InvariantCulture, $" AND string_to_array(requires, ',') <@ {add(Value.Of([.. tags]))}");
        if (query.Batch is { } batch)
            conditions.Append(CultureInfo.InvariantCulture, $" AND {table}.batch = {add(Value.Of(batch.Value))}");
        if (query.Started is { } started)
            conditions.Append(started ? " AND attempt > 0" : " AND attempt = 0");
        if (query.DueBy is { } due)
            conditions.Append(CultureInfo.InvariantCulture, $" AND run_at <= {add(Value.Of(due))}");
        if (query.Before is { } before)
            conditions.Append(CultureInfo.InvariantCulture, $" AND {table}.id < {add(Value.Of(before.Value))}");
        if (query.Text is { } text)
        {
            var pattern = add(Value.Of($"%{EscapeLike(text)}%"));
            string[] places = ["payload", result, "error::json ->> 'type'", "error::json ->> 'message'", "error::json ->> 'stack'"];
            // In the C collation only the case of ASCII letters is folded.
            conditions.Append(" AND (").AppendJoin(" OR ", places.Select(place => $"({place}) COLLATE \"C\" ILIKE {pattern}")).Append(')');
        }
        return conditions.ToString();
    }

    private static Job Row(DbDataReader row) => new()
    {
        Id = new JobId(row.Long(0)),
        Type = row.Text(1),
        Queue = row.Text(2),
        Priority = row.GetInt16(3),
        State = JobStates.Parse(row.Text(4)),
        Attempt = row.Int(5),
        Failures = row.Int(6),
        MaxAttempts = row.Int(7),
        Timeout = row.MillisecondsOrNull(8),
        RunAt = row.Time(9),
        CreatedAt = row.Time(10),
        StartedAt = row.TimeOrNull(11),
        FinishedAt = row.TimeOrNull(12),
        UniqueKey = row.TextOrNull(13),
        Tags = TagsJson.Read(row.TextOrNull(14)),
        Worker = row.LongOrNull(15) is { } worker ? new WorkerId(worker) : null,
        Payload = row.Utf8(16),
        Result = row.Utf8(17),
        LastError = ErrorJson.Read(row.TextOrNull(18)),
        TraceParent = row.TextOrNull(19),
        Alone = row.Bool(20),
        CancelReason = row.TextOrNull(21),
        ExclusiveKey = row.TextOrNull(22),
        ExclusiveLimit = row.Int(23),
        ExpiresAt = row.TimeOrNull(24),
        Requires = Requirement.Read(row.Text(25)),
        BatchId = row.LongOrNull(26) is { } batch ? new BatchId(batch) : null,
    };

    private static string EscapeLike(string text) => text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");
}
