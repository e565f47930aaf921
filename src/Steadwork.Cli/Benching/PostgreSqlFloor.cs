using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Steadwork.PostgreSql;

namespace Steadwork.Cli.Benching;

/// <inheritdoc cref="IFloor"/>
internal sealed class PostgreSqlFloor(NpgsqlDataSource source, string schema) : IFloor
{
    private const int Writers = 2, Drainers = 2, GroupAtMost = 2000;
    // Far from those of the sequence.
    private const long FirstFilled = 1L << 40;
    private const string Columns = "(id, run_at, created_at, lane, max_attempts, priority, ready, state, payload)";
    private static readonly string Payload = System.Text.Encoding.UTF8.GetString(Note.Raw.Span);

    private readonly string jobs = $"{schema}.jobs", history = $"{schema}.history", log = $"{schema}.log";
    private readonly string values = $"nextval('{schema}.floor_ids'), now(), now(), 1, 3, 100, true, 'pending'";

    /// <param name="source">The server.</param>
    /// <param name="url">A store that is not there yet, whose tables are used.</param>
    /// <param name="schema">Its schema.</param>
    public static async Task<IFloor> OpenAsync(NpgsqlDataSource source, string url, string schema)
    {
        await (await PostgreSqlStore.OpenAsync(url, new PostgreSqlStoreOptions()).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        var floor = new PostgreSqlFloor(source, schema);
        await floor.ExecuteAsync($"CREATE SEQUENCE {schema}.floor_ids").ConfigureAwait(false);
        return floor;
    }

    /// <inheritdoc/>
    /// <remarks>By the server: a transaction that leaves a page in its log, and nothing else.</remarks>
    public async Task<IReadOnlyList<double>> SyncAsync(int times)
    {
        await using var connection = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using var note = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'bench', repeat('x', 4096))", connection);
        await note.PrepareAsync().ConfigureAwait(false);
        var measured = new List<double>();
        for (var time = 0; time < times; time++)
        {
            var began = Stopwatch.GetTimestamp();
            await note.ExecuteNonQueryAsync().ConfigureAwait(false);
            measured.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return measured;
    }

    public Task<double> EnqueueOneAsync(int jobs) => Rate.OfAsync(jobs, async () =>
    {
        await using var connection = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using var insert = await InsertAsync(connection).ConfigureAwait(false);
        for (var count = 0; count < jobs; count++)
            await insert.ExecuteNonQueryAsync().ConfigureAwait(false);
    });

    public async Task<double> EnqueueAsync(int callers, int jobs)
    {
        var waiting = new System.Collections.Concurrent.ConcurrentQueue<TaskCompletionSource>();
        using var signal = new SemaphoreSlim(0);
        var over = false;
        var writing = Enumerable.Range(0, Writers).Select(async _ =>
        {
            await using var connection = await source.OpenConnectionAsync().ConfigureAwait(false);
            await using var insert = new NpgsqlCommand($"INSERT INTO {this.jobs} {Columns} SELECT {values}, payload FROM unnest($1) AS payload", connection)
            {
                Parameters = { new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } },
            };
            while (!Volatile.Read(ref over))
            {
                await signal.WaitAsync().ConfigureAwait(false);
                var group = new List<TaskCompletionSource>();
                while (group.Count < GroupAtMost && waiting.TryDequeue(out var request))
                    group.Add(request);
                if (group.Count == 0)
                    continue;
                insert.Parameters[0].Value = Enumerable.Repeat(Payload, group.Count).ToArray();
                await insert.PrepareAsync().ConfigureAwait(false);
                await insert.ExecuteNonQueryAsync().ConfigureAwait(false);
                group.ForEach(request => request.TrySetResult());
            }
        }).ToList();
        var rate = await Rate.OfAsync(jobs, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var count = 0; count < jobs / callers; count++)
            {
                var request = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting.Enqueue(request);
                signal.Release();
                await request.Task.ConfigureAwait(false);
            }
        }))).ConfigureAwait(false);
        Volatile.Write(ref over, true);
        signal.Release(Writers);
        await Task.WhenAll(writing).ConfigureAwait(false);
        return rate;
    }

    public Task<double> BulkAsync(int jobs) => Rate.OfAsync(jobs, () => FillAsync(jobs));

    public async Task<double> DrainAsync(int jobs, int batch, bool logs = false)
    {
        await FillAsync(jobs).ConfigureAwait(false);
        // Without knowing what is in the table, the server sorts all of it for each claim.
        await ExecuteAsync($"ANALYZE {this.jobs}").ConfigureAwait(false);
        var drainers = await Task.WhenAll(Enumerable.Range(0, Drainers).Select(_ => source.OpenConnectionAsync().AsTask())).ConfigureAwait(false);
        var rate = await Rate.OfAsync(jobs, () => Task.WhenAll(drainers.Select(connection => DrainAsync(connection, batch, logs)))).ConfigureAwait(false);
        foreach (var connection in drainers)
            await connection.DisposeAsync().ConfigureAwait(false);
        return rate;
    }

    private async Task DrainAsync(NpgsqlConnection connection, int batch, bool logs)
    {
        const string moved = "lease, worker, run_at, created_at, started_at, timeout, lane, attempt, failures, max_attempts, priority, unique_until, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, expires_at, batch, trace_parent, tags, payload";
        var end = $"""
            WITH ended AS (DELETE FROM {jobs} USING unnest($1) AS told WHERE id = told RETURNING jobs.*)
            {(logs ? $", logged AS (INSERT INTO {log} (at, entries, kinds, worker, jobs, leases) SELECT now(), count(*), '{{succeeded}}', 1, array_agg(id), array_agg(lease) FROM ended HAVING count(*) > 0)" : "")}
            INSERT INTO {history} (id, finished_at, state, orphaned, {moved}) SELECT id, now(), 'succeeded', false, {moved} FROM ended
            """;
        var claim = $"""
            WITH claimed AS (
                UPDATE {jobs} SET state = 'running', ready = false, worker = 1, lease = 1, attempt = attempt + 1, started_at = now()
                WHERE id IN (SELECT id FROM {jobs} WHERE lane = 1 AND ready ORDER BY priority, id LIMIT {batch} FOR UPDATE SKIP LOCKED)
                RETURNING id, attempt, payload)
            {(logs ? $", logged AS (INSERT INTO {log} (at, entries, kinds, worker, jobs, leases) SELECT now(), count(*), '{{claimed}}', 1, array_agg(id), array_agg(1::bigint) FROM claimed HAVING count(*) > 0)" : "")}
            SELECT id, attempt, payload FROM claimed
            """;
        long[] held = [];
        do
        {
            await using var exchange = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand(end) { Parameters = { new NpgsqlParameter<long[]> { TypedValue = held, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint } } },
                    new NpgsqlBatchCommand(claim),
                },
            };
            await exchange.PrepareAsync().ConfigureAwait(false);
            var claimed = new List<long>(batch);
            await using var reader = await exchange.ExecuteReaderAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                claimed.Add(reader.GetInt64(0));
                reader.GetString(2);
            }
            held = [.. claimed];
        }
        while (held.Length > 0);
    }

    /// <inheritdoc/>
    /// <remarks>The bell is <c>NOTIFY</c>, heard on another connection.</remarks>
    public async Task<IReadOnlyList<double>> PickUpAsync(int samples)
    {
        await using var sender = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using var listener = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using var claimer = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using (var listen = new NpgsqlCommand($"LISTEN {schema}", listener))
            await listen.ExecuteNonQueryAsync().ConfigureAwait(false);
        await using var insert = await InsertAsync(sender).ConfigureAwait(false);
        await using var ring = new NpgsqlCommand($"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{schema}', '')", sender);
        await using var claim = new NpgsqlCommand($"""
            UPDATE {jobs} SET state = 'running', ready = false, worker = 1, lease = 1, attempt = attempt + 1, started_at = now()
            WHERE id IN (SELECT id FROM {jobs} WHERE lane = 1 AND ready ORDER BY priority, id LIMIT 10 FOR UPDATE SKIP LOCKED)
            RETURNING id, attempt, payload
            """, claimer);
        await ring.PrepareAsync().ConfigureAwait(false);
        await claim.PrepareAsync().ConfigureAwait(false);
        var times = new List<double>();
        for (var sample = 0; sample < samples; sample++)
        {
            await PickUps.PauseAsync().ConfigureAwait(false);
            var began = Stopwatch.GetTimestamp();
            var hearing = listener.WaitAsync();
            await insert.ExecuteNonQueryAsync().ConfigureAwait(false);
            await ring.ExecuteNonQueryAsync().ConfigureAwait(false);
            await hearing.ConfigureAwait(false);
            await claim.ExecuteNonQueryAsync().ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return times;
    }

    private async Task<NpgsqlCommand> InsertAsync(NpgsqlConnection connection)
    {
        var insert = new NpgsqlCommand($"INSERT INTO {jobs} {Columns} VALUES ({values}, $1)", connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = Payload } } };
        await insert.PrepareAsync().ConfigureAwait(false);
        return insert;
    }

    /// <summary>By binary COPY, which takes no function for the id: they are counted here.</summary>
    private async Task FillAsync(int many)
    {
        await using var connection = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {jobs} {Columns} FROM STDIN (FORMAT binary)").ConfigureAwait(false);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        for (var id = FirstFilled; id < FirstFilled + many; id++)
        {
            await copy.StartRowAsync().ConfigureAwait(false);
            await copy.WriteAsync(id).ConfigureAwait(false);
            await copy.WriteAsync(now).ConfigureAwait(false);
            await copy.WriteAsync(now).ConfigureAwait(false);
            await copy.WriteAsync(1).ConfigureAwait(false);
            await copy.WriteAsync(3).ConfigureAwait(false);
            await copy.WriteAsync((short)100).ConfigureAwait(false);
            await copy.WriteAsync(true).ConfigureAwait(false);
            await copy.WriteAsync("pending").ConfigureAwait(false);
            await copy.WriteAsync(Payload).ConfigureAwait(false);
        }
        await copy.CompleteAsync().ConfigureAwait(false);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
