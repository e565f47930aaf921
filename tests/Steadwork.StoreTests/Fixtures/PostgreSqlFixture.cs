using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.Storage;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>A store in a schema of its own, whose clock follows the test's. A view is a second instance, with its own connections and locks, as a second process has.</summary>
public sealed class PostgreSqlFixture : IStoreFixture
{
    private readonly string schema = PostgreSqlServer.Take();
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

    public string Schema => schema;

    public IStore OpenAnother()
    {
        var options = new PostgreSqlStoreOptions { Schema = schema, Clock = Clock, Create = false, LapsedInterval = TimeSpan.Zero, MachineFolder = folder.File("workers") };
        var view = PostgreSqlStore.OpenAsync(PostgreSqlServer.Source, options).GetAwaiter().GetResult();
        views.Add(view);
        return view;
    }

    public void Kill(WorkerId worker) => views.ForEach(view => view.Abandon(worker));

    public void Hold(JobId job) => PostgreSqlServer.Execute($"""
        WITH held AS (UPDATE {schema}.jobs SET state = 'waiting', ready = false WHERE id = {job} AND state = 'pending' RETURNING lane)
        INSERT INTO {schema}.lane_changes (lane, pending, waiting) SELECT lane, -1, 1 FROM held
        """);

    /// <summary>No job is in two places, every kept count is what counting the rows gives, and the log has no gap.</summary>
    public async Task CheckAsync()
    {
        (await WrongAsync($"SELECT id FROM {schema}.jobs JOIN {schema}.history USING (id)")).ShouldBeEmpty("these jobs are unfinished and ended at once");
        (await WrongAsync($"""
            WITH kept AS (
                SELECT id, pending, waiting, running, succeeded, failed, cancelled FROM {schema}.lanes UNION ALL SELECT * FROM {schema}.lane_changes
            ), counted AS (
                SELECT lane, state FROM {schema}.jobs UNION ALL SELECT lane, state FROM {schema}.history
            )
            SELECT id FROM kept GROUP BY id
            HAVING sum(pending)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'pending')
                OR sum(waiting)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'waiting')
                OR sum(running)   <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'running')
                OR sum(succeeded) <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'succeeded')
                OR sum(failed)    <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'failed')
                OR sum(cancelled) <> (SELECT count(*) FROM counted WHERE lane = id AND state = 'cancelled')
            """)).ShouldBeEmpty("the kept counts of these lanes are wrong");
        (await WrongAsync($"SELECT batch FROM {schema}.log WHERE cardinality(kinds) NOT IN (1, entries) OR cardinality(jobs) <> entries OR cardinality(leases) <> entries")).ShouldBeEmpty("these batches of the log are not whole");
    }

    public async ValueTask DisposeAsync()
    {
        Clock.Moved -= SetClock;
        foreach (var view in views)
            await view.DisposeAsync();
        PostgreSqlServer.GiveBack(schema);
        folder.Dispose();
    }

    private void SetClock()
    {
        var lease = DateTimeOffset.UnixEpoch.AddYears(50) + Clock.GetElapsedTime(0);
        PostgreSqlServer.Execute($"UPDATE {schema}.test_clock SET wall = date_trunc('milliseconds', '{Clock.GetUtcNow():O}'::timestamptz), lease = '{lease:O}'");
    }

    private static async Task<List<long>> WrongAsync(string sql)
    {
        await using var command = PostgreSqlServer.Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var wrong = new List<long>();
        while (await reader.ReadAsync())
            wrong.Add(Convert.ToInt64(reader.GetValue(0), System.Globalization.CultureInfo.InvariantCulture));
        return wrong;
    }
}
