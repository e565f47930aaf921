using System.Diagnostics;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;

namespace Steadwork.Cli.Benching;

/// <inheritdoc cref="IFloor"/>
internal sealed class SqliteFloor : IFloor
{
    private const int RowsAStatement = 50, RowsATransaction = 10_000;
    private const string Columns = "(lane, state, ready, priority, max_attempts, run_at, created_at, payload)";
    private const string Values = "(1, 'pending', 1, 100, 3, ?1, ?1, ?2)";

    private readonly Database database;
    private readonly Statement insert, claim, complete, log;

    /// <param name="path">The file, which is made.</param>
    /// <param name="synchronous">What its commits wait for.</param>
    public SqliteFloor(string path, Synchronous synchronous)
    {
        SqliteStore.Open(path).DisposeAsync().AsTask().GetAwaiter().GetResult();
        database = new Database(path, synchronous, TimeSpan.FromSeconds(10));
        database.Execute("PRAGMA wal_autocheckpoint = 1000");
        insert = database.Prepare($"INSERT INTO jobs {Columns} VALUES {Values}");
        claim = database.Prepare("""
            UPDATE jobs SET state = 'running', ready = 0, worker = 1, lease = 1, attempt = attempt + 1, started_at = ?1
            WHERE id IN (SELECT id FROM jobs WHERE lane = 1 AND ready = 1 ORDER BY priority, id LIMIT ?2)
            RETURNING id, attempt, payload
            """);
        complete = database.Prepare("UPDATE jobs SET state = 'succeeded', finished_at = ?2 WHERE id = ?1 AND lease = 1 AND state = 'running'");
        log = database.Prepare("INSERT INTO log (entries, at, kind, jobs, worker) VALUES (?1, ?2, ?3, ?4, 1)");
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public Task<IReadOnlyList<double>> SyncAsync(int times)
    {
        using var file = File.OpenHandle(database.Path + "-sync", FileMode.CreateNew, FileAccess.Write);
        var page = new byte[4096];
        return Task.FromResult<IReadOnlyList<double>>([.. Enumerable.Range(0, times).Select(time =>
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, page, (long)time * page.Length);
            RandomAccess.FlushToDisk(file);
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        })]);
    }

    public Task<double> EnqueueOneAsync(int jobs) => Rate.OfAsync(jobs, () =>
    {
        for (var count = 0; count < jobs; count++)
            Insert(Now);
        return Task.CompletedTask;
    });

    public async Task<double> EnqueueAsync(int callers, int jobs)
    {
        var (gate, waiting, over) = (new object(), new List<TaskCompletionSource>(), false);
        var writer = new Thread(() =>
        {
            var group = new List<TaskCompletionSource>();
            while (true)
            {
                lock (gate)
                {
                    while (waiting.Count == 0 && !over)
                        Monitor.Wait(gate);
                    if (waiting.Count == 0)
                        return;
                    (group, waiting) = (waiting, group);
                }
                database.Execute("BEGIN IMMEDIATE");
                var now = Now;
                foreach (var _ in group)
                    Insert(now);
                database.Execute("COMMIT");
                group.ForEach(request => request.SetResult());
                group.Clear();
            }
        });
        writer.Start();
        var rate = await Rate.OfAsync(jobs, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            await Task.Yield();
            for (var count = 0; count < jobs / callers; count++)
            {
                var request = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (gate)
                {
                    waiting.Add(request);
                    if (waiting.Count == 1)
                        Monitor.Pulse(gate);
                }
                await request.Task.ConfigureAwait(false);
            }
        }))).ConfigureAwait(false);
        lock (gate)
        {
            over = true;
            Monitor.Pulse(gate);
        }
        writer.Join();
        return rate;
    }

    public Task<double> BulkAsync(int jobs) => Rate.OfAsync(jobs, () =>
    {
        Fill(jobs);
        return Task.CompletedTask;
    });

    public Task<double> DrainAsync(int jobs, int batch, bool logs = false)
    {
        Fill(jobs);
        return Rate.OfAsync(jobs, () =>
        {
            var held = new List<long>();
            do
            {
                database.Execute("BEGIN IMMEDIATE");
                var now = Now;
                foreach (var job in held)
                    complete.Bind(1, job).Bind(2, now).Run();
                if (logs)
                    Log("succeeded", held, now);
                held = claim.Bind(1, now).Bind(2, batch).All(row => (Id: row.Long(0), Attempt: row.Int(1), Payload: row.Bytes(2))).ConvertAll(row => row.Id);
                if (logs)
                    Log("claimed", held, now);
                database.Execute("COMMIT");
            }
            while (held.Count > 0);
            return Task.CompletedTask;
        });
    }

    public async Task<IReadOnlyList<double>> PickUpAsync(int samples)
    {
        using var bell = new SemaphoreSlim(0);
        using var heard = new SemaphoreSlim(0);
        var times = new List<double>();
        long began = 0;
        var claimer = new Thread(() =>
        {
            for (var sample = 0; sample < samples; sample++)
            {
                bell.Wait();
                claim.Bind(1, Now).Bind(2, 10).Run();
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                heard.Release();
            }
        });
        claimer.Start();
        for (var sample = 0; sample < samples; sample++)
        {
            await PickUps.PauseAsync().ConfigureAwait(false);
            began = Stopwatch.GetTimestamp();
            Insert(Now);
            bell.Release();
            await heard.WaitAsync().ConfigureAwait(false);
        }
        claimer.Join();
        return times;
    }

    private void Log(string kind, List<long> jobs, long now)
    {
        if (jobs.Count > 0)
            log.Bind(1, jobs.Count).Bind(2, now).Bind(3, kind).Bind(4, $"[{string.Join(',', jobs)}]").Run();
    }

    private void Insert(long now) => insert.Bind(1, now).BindText(2, Note.Raw).Run();

    private void Fill(int jobs)
    {
        using var many = database.Prepare($"INSERT INTO jobs {Columns} VALUES {string.Join(", ", Enumerable.Repeat(Values, RowsAStatement))}");
        for (var left = jobs; left > 0;)
        {
            database.Execute("BEGIN IMMEDIATE");
            var now = Now;
            for (var row = 0; row < RowsATransaction && left > 0; row += RowsAStatement, left -= RowsAStatement)
                many.Bind(1, now).BindText(2, Note.Raw).Run();
            database.Execute("COMMIT");
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var statement in new[] { insert, claim, complete, log })
            statement.Dispose();
        database.Dispose();
        return ValueTask.CompletedTask;
    }
}
