using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.Storage;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>A store in a schema of its own, whose clock follows the test's. A view is a second instance, with its own connections and locks, as a second process has.</summary>
public sealed class PostgreSqlFixture : IDatabaseFixture
{
    private readonly PostgreSqlServer.TestSchema own = PostgreSqlServer.Take();
    private readonly TemporaryFolder folder = new();
    private readonly List<PostgreSqlStore> views = [];

    public PostgreSqlFixture()
    {
        SetClock();
        Clock.Moved += SetClock;
        Store = OpenAnother();
    }

    public ManualTime Clock { get; } = new();

    public IStore Store { get; }

    public string Schema => own.Name;

    public IStore OpenAnother()
    {
        var options = new PostgreSqlStoreOptions { Schema = Schema, Clock = Clock, Create = false, LapsedInterval = TimeSpan.Zero, SlowClaim = TimeSpan.MaxValue, MachineFolder = folder.File("workers") };
        var view = PostgreSqlStore.OpenAsync(own.Source, options).GetAwaiter().GetResult();
        views.Add(view);
        return view;
    }

    public void Kill(WorkerId worker) => views.ForEach(view => view.Abandon(worker));

    public void Hold(JobId job) => PostgreSqlServer.Execute(own.Source, $"""
        WITH held AS (UPDATE {Schema}.jobs SET state = 'waiting', ready = false WHERE id = {job} AND state = 'pending' RETURNING lane)
        INSERT INTO {Schema}.lane_changes (lane, pending, waiting) SELECT lane, -1, 1 FROM held
        """);

    /// <summary>No job is in two places, every kept count is what counting the rows gives, and the log has no gap.</summary>
    public async Task CheckAsync()
    {
        (await WrongAsync($"SELECT id FROM {Schema}.jobs JOIN {Schema}.history USING (id)")).ShouldBeEmpty("these jobs are unfinished and ended at once");
        (await WrongAsync($"""
            WITH kept AS (
                SELECT id, pending, waiting, running, succeeded, failed, cancelled FROM {Schema}.lanes UNION ALL SELECT * FROM {Schema}.lane_changes
            ), counted AS (
                SELECT lane, state FROM {Schema}.jobs UNION ALL SELECT lane, state FROM {Schema}.history
            )
            SELECT id FROM kept GROUP BY id
            HAVING sum(pending)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'pending')
                OR sum(waiting)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'waiting')
                OR sum(running)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'running')
                OR sum(succeeded) <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'succeeded')
                OR sum(failed)    <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'failed')
                OR sum(cancelled) <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'cancelled')
            """)).ShouldBeEmpty("the kept counts of these lanes are wrong");
        (await WrongAsync($"""
            SELECT id FROM {Schema}.jobs
            WHERE state = 'waiting' AND NOT blocked AND exclusive_key IS NOT NULL AND exclusive_key NOT IN (SELECT key FROM {Schema}.loose_ends WHERE key IS NOT NULL) AND exclusive_key NOT IN (SELECT key FROM {Schema}.held_keys)
                AND NOT EXISTS (SELECT FROM {Schema}.jobs AS other WHERE other.exclusive_key = jobs.exclusive_key AND other.state = 'waiting' AND NOT other.blocked AND (other.priority, other.id) < (jobs.priority, jobs.id))
                AND (SELECT count(*) FROM {Schema}.jobs AS other WHERE other.exclusive_key = jobs.exclusive_key AND other.slot IS NOT NULL) < exclusive_limit
            """)).ShouldBeEmpty("these jobs wait behind an exclusive key that has a free place");
        (await WrongAsync($"""
            SELECT id FROM {Schema}.jobs
            WHERE blocked <> EXISTS (SELECT FROM {Schema}.dependencies WHERE child = jobs.id AND NOT done)
                OR EXISTS (SELECT FROM {Schema}.dependencies JOIN {Schema}.batches ON batches.id = -parent WHERE child = jobs.id AND NOT done AND ended_at IS NOT NULL AND failed + cancelled + deleted = 0
                    AND parent NOT IN (SELECT parent FROM {Schema}.loose_ends WHERE parent IS NOT NULL) AND NOT EXISTS (SELECT FROM {Schema}.batch_changes WHERE batch = batches.id))
                OR EXISTS (SELECT FROM {Schema}.dependencies JOIN {Schema}.history ON history.id = parent WHERE child = jobs.id AND NOT done AND history.state = 'succeeded'
                    AND parent NOT IN (SELECT parent FROM {Schema}.loose_ends WHERE parent IS NOT NULL))
            """)).ShouldBeEmpty("these jobs wait for others without cause, or do not wait for them with one");
        (await WrongAsync($"""
            WITH kept AS (SELECT * FROM {Schema}.batch_counts(ARRAY(SELECT id FROM {Schema}.batches))),
            counted AS (SELECT batch, state FROM {Schema}.jobs UNION ALL SELECT batch, state FROM {Schema}.history)
            SELECT kept.batch FROM kept JOIN {Schema}.batches ON id = kept.batch
            WHERE kept.pending <> (SELECT count(*) FROM counted WHERE batch = id AND state = 'pending')
                OR kept.waiting <> (SELECT count(*) FROM counted WHERE batch = id AND state = 'waiting')
                OR kept.running <> (SELECT count(*) FROM counted WHERE batch = id AND state = 'running')
                OR kept.succeeded < (SELECT count(*) FROM counted WHERE batch = id AND state = 'succeeded')
                OR kept.failed < (SELECT count(*) FROM counted WHERE batch = id AND state = 'failed')
                OR kept.cancelled < (SELECT count(*) FROM counted WHERE batch = id AND state = 'cancelled')
                OR (ended_at IS NOT NULL) <> (NOT open AND kept.pending + kept.waiting + kept.running = 0) AND -id NOT IN (SELECT parent FROM {Schema}.loose_ends WHERE parent IS NOT NULL)
            """)).ShouldBeEmpty("the kept counts of these batches are wrong, or they have ended unseen");
        (await WrongAsync($"SELECT batch FROM {Schema}.log WHERE cardinality(kinds) NOT IN (1, entries) OR cardinality(jobs) <> entries OR cardinality(leases) <> entries")).ShouldBeEmpty("these batches of the log are not whole");
    }

    public async Task<DbConnection> ConnectAsync()
    {
        PostgreSqlServer.Execute(own.Source, $"CREATE TABLE IF NOT EXISTS {Schema}.notes (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, text text NOT NULL)");
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { SearchPath = Schema, Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task<DbConnection> ConnectElsewhereAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { Database = "template1", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public NotesContext OpenContext() => new(new DbContextOptionsBuilder().UseNpgsql(PostgreSqlServer.Source).ReplaceService<IModelCacheKeyFactory, SchemaModelKey>().Options, Schema);

    /// <summary>A model of its own for each schema.</summary>
    private sealed class SchemaModelKey : IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime) => (context, designTime);
    }

    public async ValueTask DisposeAsync()
    {
        Clock.Moved -= SetClock;
        foreach (var view in views)
            await view.DisposeAsync();
        PostgreSqlServer.Execute(own.Source, $"DROP TABLE IF EXISTS {Schema}.notes");
        PostgreSqlServer.GiveBack(own);
        folder.Dispose();
    }

    private void SetClock()
    {
        var lease = DateTimeOffset.UnixEpoch.AddYears(50) + Clock.GetElapsedTime(0);
        PostgreSqlServer.Execute(own.Source, $"UPDATE {Schema}.test_clock SET wall = date_trunc('milliseconds', '{Clock.GetUtcNow():O}'::timestamptz), lease = '{lease:O}'");
    }

    private async Task<List<long>> WrongAsync(string sql)
    {
        // The server would compile what it takes for long: that takes longer than most tests.
        await using var command = own.Source.CreateCommand($"SELECT set_config('jit', 'off', true); {sql}");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var wrong = new List<long>();
        while (await reader.ReadAsync())
            wrong.Add(Convert.ToInt64(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture));
        return wrong;
    }
}
