using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>A store in a file of its own folder. A view is a second instance on the same file, with its own locks and threads, as a second process has.</summary>
public sealed class SqliteFixture : IDatabaseFixture
{
    private readonly TemporaryFolder folder = new();
    private readonly List<SqliteStore> views = [];

    public SqliteFixture() => Store = OpenAnother();

    public ManualTime Clock { get; } = new();

    public IStore Store { get; }

    public string Path => folder.File("store.db");

    public IStore OpenAnother()
    {
        // No test cuts the power: only the time of waiting for the disk is saved.
        var view = SqliteStore.Open(Path, new SqliteStoreOptions { Clock = Clock, Synchronous = Synchronous.Normal });
        views.Add(view);
        return view;
    }

    public void Kill(WorkerId worker) => views.ForEach(view => view.Abandon(worker));

    public void Hold(JobId job)
    {
        using var database = Connect();
        database.Execute($"""
            BEGIN IMMEDIATE;
            UPDATE lanes SET pending = pending - 1, waiting = waiting + 1, ready = ready - (SELECT ready FROM jobs WHERE id = {job}), has_ready = ready > (SELECT ready FROM jobs WHERE id = {job})
            WHERE id = (SELECT lane FROM jobs WHERE id = {job} AND state = 'pending');
            UPDATE jobs SET state = 'waiting', ready = 0 WHERE id = {job} AND state = 'pending';
            COMMIT
            """);
    }

    /// <summary>The file is whole, and every kept count is what counting the rows gives.</summary>
    public Task CheckAsync()
    {
        using var database = Connect();
        using var integrity = database.Prepare("PRAGMA integrity_check");
        integrity.First(row => row.Text(0)).ShouldBe("ok");
        using var wrong = database.Prepare("""
            SELECT lanes.id, lanes.queue, lanes.type
            FROM lanes LEFT JOIN jobs ON jobs.lane = lanes.id
            GROUP BY lanes.id
            HAVING lanes.ready     <> count(jobs.id) FILTER (WHERE jobs.ready = 1)
                OR lanes.has_ready <> (lanes.ready > 0)
                OR lanes.pending   <> count(jobs.id) FILTER (WHERE jobs.state = 'pending')
                OR lanes.waiting   <> count(jobs.id) FILTER (WHERE jobs.state = 'waiting')
                OR lanes.running   <> count(jobs.id) FILTER (WHERE jobs.state = 'running')
                OR lanes.succeeded <> count(jobs.id) FILTER (WHERE jobs.state = 'succeeded')
                OR lanes.failed    <> count(jobs.id) FILTER (WHERE jobs.state = 'failed')
                OR lanes.cancelled <> count(jobs.id) FILTER (WHERE jobs.state = 'cancelled')
            """);
        wrong.All(row => $"{row.Text(1)}/{row.Text(2)}").ShouldBeEmpty("the kept counts of these lanes are wrong");
        using var stuck = database.Prepare("""
            SELECT id FROM jobs
            WHERE state = 'waiting' AND blocked = 0 AND exclusive_key IS NOT NULL AND exclusive_key NOT IN (SELECT key FROM held_keys)
                AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.exclusive_key = jobs.exclusive_key AND other.state = 'waiting' AND other.blocked = 0 AND (other.priority, other.id) < (jobs.priority, jobs.id))
                AND (SELECT count(*) FROM jobs AS other WHERE other.exclusive_key = jobs.exclusive_key AND other.slot IS NOT NULL) < exclusive_limit
            """);
        stuck.All(row => row.Long(0)).ShouldBeEmpty("these jobs wait behind an exclusive key that has a free place");
        using var mistaken = database.Prepare("""
            SELECT id FROM jobs
            WHERE state IN ('pending', 'waiting', 'running') AND blocked <> EXISTS (SELECT 1 FROM dependencies WHERE child = jobs.id AND done = 0)
                OR EXISTS (SELECT 1 FROM dependencies JOIN jobs AS parent ON parent.id = parent WHERE child = jobs.id AND done = 0 AND parent.state = 'succeeded')
                    AND jobs.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM loose_parents)
            """);
        mistaken.All(row => row.Long(0)).ShouldBeEmpty("these jobs wait for others without cause, or do not wait for them with one");
        using var miscounted = database.Prepare("""
            SELECT batches.id
            FROM batches LEFT JOIN jobs ON jobs.batch = batches.id
            GROUP BY batches.id
            HAVING batches.pending   <> count(jobs.id) FILTER (WHERE jobs.state = 'pending')
                OR batches.waiting   <> count(jobs.id) FILTER (WHERE jobs.state = 'waiting')
                OR batches.running   <> count(jobs.id) FILTER (WHERE jobs.state = 'running')
                OR batches.succeeded < count(jobs.id) FILTER (WHERE jobs.state = 'succeeded')
                OR batches.failed    < count(jobs.id) FILTER (WHERE jobs.state = 'failed')
                OR batches.cancelled < count(jobs.id) FILTER (WHERE jobs.state = 'cancelled')
                OR (ended_at IS NOT NULL) <> (open = 0 AND pending + waiting + running = 0)
            """);
        miscounted.All(row => row.Long(0)).ShouldBeEmpty("the kept counts of these batches are wrong, or they have ended unseen");
        return Task.CompletedTask;
    }

    public async Task<DbConnection> ConnectAsync() => await ConnectAsync(Path);

    public async Task<DbConnection> ConnectElsewhereAsync() => await ConnectAsync(folder.File("elsewhere.db"));

    public NotesContext OpenContext() => new(new DbContextOptionsBuilder().UseSqlite($"Data Source={Path};Pooling=False").Options, schema: null);

    private static async Task<SqliteConnection> ConnectAsync(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        await using var make = connection.CreateCommand();
        make.CommandText = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
        await make.ExecuteNonQueryAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var view in views)
            await view.DisposeAsync();
        folder.Dispose();
    }

    private Database Connect() => new(Path, Synchronous.Normal, TimeSpan.FromSeconds(30));
}
