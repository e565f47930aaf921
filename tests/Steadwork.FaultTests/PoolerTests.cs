using System.Collections.Concurrent;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Soak;
using Steadwork.Soak.Servers;
using Steadwork.Storage;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.FaultTests;

/// <summary>What a store does with whole transactions, where each may get another connection of the few behind a pooler.</summary>
[Collection(FaultTests.OneAfterTheOther)]
public sealed class PoolerTests : IDisposable
{
    private const int Callers = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly string folder = FaultTests.TakeFolder();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_job_is_there_if_and_only_if_its_callers_transaction_commits_and_done_once_with_its_handlers()
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var pooler = await Pooler.StartAsync(Path.Combine(folder, "pooler"), server.Port);
        await using var store = await PostgreSqlStore.OpenAsync(pooler.Url, null, TestContext.Current.CancellationToken);
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionUrl.Read(pooler.Url).Settings.ConnectionString) { NoResetOnClose = true });
        await server.ExecuteAsync("CREATE TABLE effects (job bigint NOT NULL)");

        var committed = new ConcurrentBag<JobId>();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async number =>
        {
            await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            var stored = await store.EnqueueAsync([new NewJob { Type = "note", Payload = "{}"u8.ToArray() }], transaction, TestContext.Current.CancellationToken);
            if (number % 2 == 0)
                return;
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
            committed.Add(stored.Single().Id);
        }));
        (await CountsAsync(store)).Pending.ShouldBe(Callers / 2);

        var catalog = new JobCatalog();
        catalog.Add(new JobType("note", null, new JobTypeOptions { Retry = new RetrySchedule { Base = TimeSpan.Zero } }, async context =>
        {
            await using var connection = await source.OpenConnectionAsync(context.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(context.CancellationToken);
            await using var effect = new NpgsqlCommand("INSERT INTO effects VALUES ($1)", connection, transaction) { Parameters = { new() { Value = context.Id.Value } } };
            await effect.ExecuteNonQueryAsync(context.CancellationToken);
            await context.CompleteAsync(transaction);
            if (context.Attempt == 1)
                throw new InvalidOperationException("Neither the effect nor the end of the job is to stay.");
            await transaction.CommitAsync(context.CancellationToken);
            return default;
        }));
        await using (var worker = new WorkerHost(store, catalog, new WorkerOptions { PollInterval = TimeSpan.FromMilliseconds(50) }))
        {
            await worker.StartAsync(TestContext.Current.CancellationToken);
            (await Until.TrueAsync(async () => (await CountsAsync(store)).Succeeded == Callers / 2, Patience)).ShouldBeTrue();
            await worker.StopAsync(TestContext.Current.CancellationToken);
        }
        var effects = (long[])(await server.ExecuteAsync("SELECT array_agg(job ORDER BY job) FROM effects"))!;
        effects.ShouldBe(committed.Select(job => job.Value).Order());
    }

    [Fact]
    public async Task A_store_is_copied_there_and_back()
    {
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"));
        await using var pooler = await Pooler.StartAsync(Path.Combine(folder, "pooler"), server.Port);
        string first = $"sqlite:{folder}/first.db", last = $"sqlite:{folder}/last.db";
        var items = Path.Combine(folder, "items");
        await File.WriteAllLinesAsync(items, Enumerable.Range(1, 3000).Select(number => $$"""{"number":{{number}}}"""), TestContext.Current.CancellationToken);
        await RunAsync("enqueue", "note", "--jsonl", items, "--store", first);
        await RunAsync("cancel", "7", "--store", first);
        var before = await RunAsync("list", "--limit", "5000", "--json", "--store", first);

        await RunAsync("copy", "--store", first, "--to", pooler.Url);
        (await RunAsync("list", "--limit", "5000", "--json", "--store", pooler.Url)).ShouldBe(before);
        await RunAsync("copy", "--store", pooler.Url, "--to", last);
        (await RunAsync("list", "--limit", "5000", "--json", "--store", last)).ShouldBe(before);
    }

    private static async Task<StateCounts> CountsAsync(PostgreSqlStore store) =>
        (await store.StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.SingleOrDefault(lane => lane.Type == "note")?.Counts ?? default;

    private static Task<string> RunAsync(params IEnumerable<string> words) => Programs.RunAsync([FaultTests.Cli, .. words]);
}
