using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Workers.Scheduling;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>How the server really carries out what happens beside many jobs, inside its functions as well: it tells each plan itself.</summary>
public sealed partial class NestedPlanTests : IAsyncLifetime
{
    private const int Many = 1000;
    private const string Explaining =
        "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on -c auto_explain.log_level=notice -c auto_explain.log_timing=off -c synchronous_commit=off";

    private readonly PostgreSqlFixture fixture = new();
    private readonly Notices notices = new();

    private IStore Store => fixture.Store;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_that_happens_to_a_job_goes_through_all_of_them(bool vacuumedWhileEmpty)
    {
        await FillAsync();
        if (vacuumedWhileEmpty)
            PostgreSqlServer.Execute($"UPDATE pg_class SET reltuples = 0 WHERE relnamespace = '{fixture.Schema}'::regnamespace AND relkind IN ('r', 'i')");
        var settings = new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { Options = Explaining, ApplicationName = nameof(NestedPlanTests) };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        using var factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(notices));
        builder.UseLoggerFactory(factory);
        await using var source = builder.Build();
        await using var store = await PostgreSqlStore.OpenAsync(source, new PostgreSqlStoreOptions { Schema = fixture.Schema, Clock = fixture.Clock, Create = false, Listen = false }, TestContext.Current.CancellationToken);

        await LiveAsync(store);

        var plans = notices.Texts.Where(text => text.Contains(" plan:", StringComparison.Ordinal)).ToList();
        // A statement of each of the functions attend, admit, cancel_in_line, end_of_batch, lets_through, require_parents, require_bearers, require_open and join_line.
        foreach (var words in new[] { "child > seen", "NOT blocked ORDER BY priority, id", "jobs USING unnest(which)", "batch BETWEEN this", "limit_uses", "WHERE id = ANY (parents)", "unnest(keys, bearable)", "WHERE id = ANY (wanted)", "ORDER BY run_at LIMIT 1000" })
            plans.ShouldContain(plan => plan.Contains(words, StringComparison.Ordinal), words);
        // That a table has many pages the server knows however empty it takes it to be; of an index it takes even that to be small.
        if (!vacuumedWhileEmpty)
            plans.Where(plan => Scans().IsMatch(plan)).ShouldBeEmpty();
        plans.Where(plan => Plans.WithoutCondition(plan).Any()).ShouldBeEmpty();
    }

    /// <summary>Many jobs of every kind, none of which may run.</summary>
    private async Task FillAsync()
    {
        var worker = await Store.StartAsync(capacity: Many);
        await Store.AddAsync(Some.Jobs(Many));
        await worker.ExchangeAsync([.. (await worker.ClaimAsync(Many)).Select((job, place) => new AttemptEnd(job.Id, job.Lease, place % 2 == 0 ? Some.Success : new Transition.Fail(Some.Error), null))]);
        var first = await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromDays(1) });
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Delay = TimeSpan.FromDays(1) }, Many)]);
        await Store.AddAsync([.. Enumerable.Range(0, Many).Select(key => Some.Job with { ExclusiveKey = $"key {key / 2}", UniqueKey = $"unique {key}", Queue = "elsewhere" })]);
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { After = [first] }, Many)]);
        for (var batch = 0; batch < 50; batch++)
            await Store.AddAsync(new NewBatch { Jobs = [.. Enumerable.Repeat(Some.Job with { Delay = TimeSpan.FromDays(1) }, 10)], Follower = Some.Job });
        foreach (var table in new[] { "jobs", "history", "attempts", "dependencies", "batches" })
            PostgreSqlServer.Execute($"VACUUM ANALYZE {fixture.Schema}.{table}");
    }

    /// <summary>Something of everything that happens again and again.</summary>
    private static async Task LiveAsync(PostgreSqlStore store)
    {
        var breaker = new BreakerDefinition("b") { MinimumCalls = 1 };
        var worker = await store.StartAsync(["live"], [Some.Type, "calls"], capacity: 20, breakers: [breaker], typeBreakers: [new TypeBreakers("calls", ["b"])]);
        await store.SetLimitAsync(new RateLimit(LimitScope.Queue, "live", 1000, TimeSpan.FromMinutes(1)), "test", CancellationToken.None);
        await store.SetLimitAsync(new RateLimit(LimitScope.Key, "limited*", 1, TimeSpan.FromMinutes(1)), "test", CancellationToken.None);
        var live = Some.Job with { Queue = "live" };
        var parent = await store.AddOneAsync(live);
        await store.AddAsync(live with { After = [parent] }, live with { After = [parent], RunsAnyway = true }, live with { ExclusiveKey = "one" }, live with { ExclusiveKey = "one" }, live with { ExclusiveKey = "limited 1" }, live with { ExclusiveKey = "limited 1" });
        await store.AddAsync(live with { UniqueKey = "u", ExpiresIn = TimeSpan.FromMinutes(1) }, live with { UniqueKey = "u", WhenTaken = WhenTaken.Replace, Delay = TimeSpan.FromSeconds(1) }, live with { UniqueKey = "for", UniqueFor = TimeSpan.FromHours(1) });
        await Should.ThrowAsync<UniqueKeyTakenException>(() => store.AddAsync(live with { UniqueKey = "u", WhenTaken = WhenTaken.Refuse }));
        var batch = await store.AddAsync(new NewBatch { Jobs = [live, live], Follower = live, IsOpen = true });
        await store.AddAsync(live with { Batch = batch.Id });
        await store.CloseAsync(batch.Id);
        await store.AddAsync(live with { Type = "calls" });

        await store.DefineAsync([new NewSchedule(new ScheduleDefinition { Name = "s", Timing = new ScheduleTiming.Every(TimeSpan.FromSeconds(1)), Job = live }, store.Now, store.Now)], new ScheduleOwner(null, "1", "test"), CancellationToken.None);
        await new Ticking(store, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).TickDueAsync(store.Now);

        Transition[] ends = [new Transition.Fail(Some.Error), new Transition.Retry(store.Now, Some.Error), new Transition.Snooze(store.Now), new Transition.Release(Started: false), new Transition.Cancel("asked")];
        var turn = 0;
        while (await worker.ClaimAsync(5) is { Count: > 0 } claimed)
        {
            // The first ends each in its own way, the others well.
            await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, turn < ends.Length ? ends[turn++] : Some.Success, null) { Calls = job.Type is "calls" ? [new DependencyCall("b", true, job.IsProbe)] : null })]);
            foreach (var job in await worker.ClaimAsync(1, rule: new ClaimRule { Order = ClaimOrder.Fifo, Sharing = QueueSharing.InOrder }))
                await worker.SettleAsync(job, Some.Success);
        }
        await store.RequestAsync(JobRequest.Retry, parent);
        await store.RequestAsync(JobRequest.Cancel, parent);
        await store.RequestAsync(JobRequest.Delete, parent);
        foreach (var job in await store.FindAsync(new JobQuery { Ids = [.. batch.Jobs.Select(job => job.Id)] }))
        {
            await store.StandingAsync(job.Id, CancellationToken.None);
            await store.AttemptsAsync(job.Id);
        }
        await store.BatchAsync(batch.Id);
        await store.StatisticsAsync();
        await store.PauseAsync(PauseScope.Queue, "live", "test", CancellationToken.None);
        await store.ReadAsync(0, 10, CancellationToken.None);
        worker.Renew();
        await store.PruneAllAsync(RetentionRules.Default);
        store.Abandon(worker.Id);
        await store.RecoverAsync();
    }

    [GeneratedRegex(@"Seq Scan on (jobs|history|attempts|dependencies)\b")]
    private static partial Regex Scans();

    private sealed class Notices : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> texts = [];

        public IReadOnlyCollection<string> Texts => texts;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => texts.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
