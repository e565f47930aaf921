using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Steadwork.Bench;

/// <summary>
/// The floor: the same rows in and out by plain statements, with the columns and indexes of the store's hot table and its
/// history, and nothing else; no log, no counts, no worker.
/// </summary>
internal sealed class RawPostgreSql(NpgsqlDataSource source) : IAsyncDisposable
{
    private const int Writers = 2, Drainers = 2, GroupAtMost = 2000;
    private static readonly string Payload = """{"path":"notes/2026/a-note-of-usual-length.md","size":12345,"tags":["a","b","c"],"reason":"import of notes"}""";

    public static async Task<RawPostgreSql> OpenAsync(string url)
    {
        // The store is opened first by the caller's turn; its tables are the model.
        await using var model = await PostgreSql.PostgreSqlStore.OpenAsync(url, new PostgreSql.PostgreSqlStoreOptions { Schema = "steadwork_bench" });
        var settings = PostgreSql.Connections.ConnectionUrl.Read(url).Settings;
        settings.NoResetOnClose = true;
        var raw = new RawPostgreSql(NpgsqlDataSource.Create(settings));
        await raw.ExecuteAsync("""
            DROP SCHEMA IF EXISTS steadwork_bench_raw CASCADE;
            CREATE SCHEMA steadwork_bench_raw;
            CREATE SEQUENCE steadwork_bench_raw.ids;
            CREATE TABLE steadwork_bench_raw.jobs (LIKE steadwork_bench.jobs INCLUDING ALL);
            CREATE TABLE steadwork_bench_raw.history (LIKE steadwork_bench.history INCLUDING ALL);
            ALTER TABLE steadwork_bench_raw.jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
            """);
        return raw;
    }

    /// <summary>Callers whose jobs two writers gather into inserts by unnest.</summary>
    public async Task<double> EnqueueAsync(int callers, int jobs)
    {
        var waiting = new System.Collections.Concurrent.ConcurrentQueue<TaskCompletionSource>();
        var signal = new SemaphoreSlim(0);
        var over = false;
        var writing = Enumerable.Range(0, Writers).Select(async _ =>
        {
            await using var connection = await source.OpenConnectionAsync();
            await using var insert = new NpgsqlCommand("""
                INSERT INTO steadwork_bench_raw.jobs (id, run_at, created_at, lane, max_attempts, priority, ready, state, payload)
                SELECT nextval('steadwork_bench_raw.ids'), now(), now(), 1, 3, 100, true, 'pending', payload FROM unnest($1) AS payload
                """, connection) { Parameters = { new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } } };
            await using var query = insert;
            while (!Volatile.Read(ref over))
            {
                await signal.WaitAsync();
                var group = new List<TaskCompletionSource>();
                while (group.Count < GroupAtMost && waiting.TryDequeue(out var request))
                    group.Add(request);
                if (group.Count == 0)
                    continue;
                insert.Parameters[0].Value = Enumerable.Repeat(Payload, group.Count).ToArray();
                await insert.PrepareAsync();
                await insert.ExecuteNonQueryAsync();
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
                await request.Task;
            }
        })));
        Volatile.Write(ref over, true);
        signal.Release(Writers);
        await Task.WhenAll(writing);
        await ExecuteAsync("TRUNCATE steadwork_bench_raw.jobs");
        return rate;
    }

    /// <summary>Claims by SKIP LOCKED and completes into the history, each batch in two statements of one transaction and one round trip.</summary>
    public async Task<double> DrainAsync(int jobs, int batch)
    {
        await ExecuteAsync($"""
            INSERT INTO steadwork_bench_raw.jobs (id, run_at, created_at, lane, max_attempts, priority, ready, state, payload)
            SELECT nextval('steadwork_bench_raw.ids'), now(), now(), 1, 3, 100, true, 'pending', '{Payload}' FROM generate_series(1, {jobs})
            """);
        // Without knowing what is in the table, the server sorts all of it for each claim.
        await ExecuteAsync("ANALYZE steadwork_bench_raw.jobs");
        return await Rate.OfAsync(jobs, () => Task.WhenAll(Enumerable.Range(0, Drainers).Select(async _ =>
        {
            await using var connection = await source.OpenConnectionAsync();
            long[] held = [];
            do
            {
                await using var exchange = new NpgsqlBatch(connection)
                {
                    BatchCommands =
                    {
                        new NpgsqlBatchCommand("""
                            WITH ended AS (DELETE FROM steadwork_bench_raw.jobs USING unnest($1) AS told WHERE id = told RETURNING jobs.*)
                            INSERT INTO steadwork_bench_raw.history (id, lease, worker, run_at, created_at, started_at, finished_at, timeout, lane, attempt, failures, max_attempts, priority, unique_until, state, unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, orphaned, expires_at, batch, trace_parent, tags, payload)
                            SELECT id, lease, worker, run_at, created_at, started_at, now(), timeout, lane, attempt, failures, max_attempts, priority, unique_until, 'succeeded', unique_key, exclusive_key, exclusive_limit, is_parent, runs_anyway, false, expires_at, batch, trace_parent, tags, payload FROM ended
                            """) { Parameters = { new NpgsqlParameter<long[]> { TypedValue = held, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint } } },
                        new NpgsqlBatchCommand($"""
                            UPDATE steadwork_bench_raw.jobs SET state = 'running', ready = false, worker = 1, lease = 1, attempt = attempt + 1, started_at = now()
                            WHERE id IN (SELECT id FROM steadwork_bench_raw.jobs WHERE lane = 1 AND ready ORDER BY priority, id LIMIT {batch} FOR UPDATE SKIP LOCKED)
                            RETURNING id, attempt, payload
                            """),
                    },
                };
                await exchange.PrepareAsync();
                var claimed = new List<long>(batch);
                await using var reader = await exchange.ExecuteReaderAsync();
                while (await reader.ReadAsync())
                {
                    claimed.Add(reader.GetInt64(0));
                    reader.GetString(2);
                }
                held = [.. claimed];
            }
            while (held.Length > 0);
        })));
    }

    /// <summary>Insert, commit, ring; heard on another connection, claim, commit: what a pick-up cannot do without.</summary>
    public async Task<List<double>> PickUpAsync(int samples)
    {
        await using var sender = await source.OpenConnectionAsync();
        await using var listener = await source.OpenConnectionAsync();
        await using var claimer = await source.OpenConnectionAsync();
        await using (var listen = new NpgsqlCommand("LISTEN steadwork_bench_raw", listener))
            await listen.ExecuteNonQueryAsync();
        await using var insert = new NpgsqlCommand($"""
            INSERT INTO steadwork_bench_raw.jobs (id, run_at, created_at, lane, max_attempts, priority, ready, state, payload)
            VALUES (nextval('steadwork_bench_raw.ids'), now(), now(), 1, 3, 100, true, 'pending', '{Payload}')
            """, sender);
        await using var ring = new NpgsqlCommand("SELECT set_config('synchronous_commit', 'off', true), pg_notify('steadwork_bench_raw', '')", sender);
        await using var claim = new NpgsqlCommand("""
            UPDATE steadwork_bench_raw.jobs SET state = 'running', ready = false, worker = 1, lease = 1, attempt = attempt + 1, started_at = now()
            WHERE id IN (SELECT id FROM steadwork_bench_raw.jobs WHERE lane = 1 AND ready ORDER BY priority, id LIMIT 10 FOR UPDATE SKIP LOCKED)
            RETURNING id, attempt, payload
            """, claimer);
        await insert.PrepareAsync();
        await ring.PrepareAsync();
        await claim.PrepareAsync();
        var times = new List<double>();
        for (var sample = 0; sample < samples; sample++)
        {
            await PickUps.PauseAsync();
            var began = Stopwatch.GetTimestamp();
            var hearing = listener.WaitAsync();
            await insert.ExecuteNonQueryAsync();
            await ring.ExecuteNonQueryAsync();
            await hearing;
            await claim.ExecuteNonQueryAsync();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        await ExecuteAsync("TRUNCATE steadwork_bench_raw.jobs");
        return times;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync("DROP SCHEMA IF EXISTS steadwork_bench_raw CASCADE; DROP SCHEMA IF EXISTS steadwork_bench CASCADE");
        await source.DisposeAsync();
    }
}
