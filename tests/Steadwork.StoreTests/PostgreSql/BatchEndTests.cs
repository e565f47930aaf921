using System.Text.RegularExpressions;
using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Jobs;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>The end of a batch, by transactions that do not see each other: none is missed, and nobody waits.</summary>
public sealed partial class BatchEndTests : IAsyncDisposable
{
    private readonly PostgreSqlFixture fixture = new();
    private readonly Database database;

    public BatchEndTests() => database = new Database(PostgreSqlServer.Source, owned: false, new PostgreSqlStoreOptions { Schema = fixture.Schema });

    private IStore Store => fixture.Store;

    public async ValueTask DisposeAsync()
    {
        await fixture.CheckAsync();
        await database.DisposeAsync();
        await fixture.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_transactions_that_end_the_last_two_jobs_end_the_batch_whichever_commits_first(bool firstFirst)
    {
        var (batch, worker, claimed) = await RunningAsync(2);
        await using var one = await BeginAsync();
        await using var two = await BeginAsync();
        await EndInlineAsync(one, claimed[0]);
        await EndInlineAsync(two, claimed[1]);

        await (firstFirst ? one : two).Transaction.CommitAsync();
        (await worker.ClaimAsync()).ShouldBeEmpty("the other one may come to nothing");
        await (firstFirst ? two : one).Transaction.CommitAsync();

        (await worker.ClaimOneAsync()).Id.ShouldBe(batch.Follower!.Value.Id);
        (await Store.BatchAsync(batch.Id)).EndedAt.ShouldBe(fixture.Clock.GetUtcNow());
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.BatchEnded).ShouldBe(1);
    }

    /// <summary>Both workers may be full by then, for hours: none of them claims.</summary>
    [Fact]
    public async Task What_two_transactions_leave_is_seen_to_without_a_claim()
    {
        var (batch, worker, claimed) = await RunningAsync(2);
        await using var one = await BeginAsync();
        await using var two = await BeginAsync();
        await EndInlineAsync(one, claimed[0]);
        await EndInlineAsync(two, claimed[1]);
        await one.Transaction.CommitAsync();
        await two.Transaction.CommitAsync();
        Notes().ShouldBeGreaterThan(0);
        (await worker.ExchangeAsync([])).NextDue.ShouldBe(fixture.Clock.GetUtcNow().AddMilliseconds(100), "whoever has a free slot asks again soon");

        using var heard = new SemaphoreSlim(0);
        using var listening = Store.Listen(WakeUp.Jobs, _ => heard.Release());
        await Store.RecoverAsync();

        (await Store.BatchAsync(batch.Id)).EndedAt.ShouldBe(fixture.Clock.GetUtcNow());
        (await Store.JobAsync(batch.Follower!.Value.Id)).State.ShouldBe(JobState.Pending);
        (await heard.WaitAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue();
    }

    [Fact]
    public async Task The_test_of_two_transactions_shows_a_look_that_takes_what_others_are_ending_for_unfinished()
    {
        var sound = PostgreSqlServer.Source.CreateCommand($"SELECT pg_get_functiondef('{fixture.Schema}.end_of_batch'::regproc)");
        var definition = (string)(await sound.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        var faulty = definition.Replace("xmax = 0", "true", StringComparison.Ordinal);
        faulty.ShouldNotBe(definition);
        PostgreSqlServer.Execute(faulty);
        try
        {
            var (batch, worker, claimed) = await RunningAsync(2);
            await using (var one = await BeginAsync())
            await using (var two = await BeginAsync())
            {
                await EndInlineAsync(one, claimed[0]);
                await EndInlineAsync(two, claimed[1]);
                await one.Transaction.CommitAsync(TestContext.Current.CancellationToken);
                await two.Transaction.CommitAsync(TestContext.Current.CancellationToken);
            }
            (await worker.ClaimAsync()).ShouldBeEmpty("its end has been missed");
            (await Store.BatchAsync(batch.Id)).EndedAt.ShouldBeNull();
        }
        finally
        {
            PostgreSqlServer.Execute(definition);
            PostgreSqlServer.Execute($"DELETE FROM {fixture.Schema}.jobs; DELETE FROM {fixture.Schema}.dependencies; DELETE FROM {fixture.Schema}.lane_changes; DELETE FROM {fixture.Schema}.history; DELETE FROM {fixture.Schema}.batches");
        }
    }

    [Fact]
    public async Task One_that_comes_to_nothing_leaves_the_end_to_the_next()
    {
        var (batch, worker, claimed) = await RunningAsync(2);
        await using (var lost = await BeginAsync())
        {
            await EndInlineAsync(lost, claimed[0]);
            await worker.SettleAsync(claimed[1], Some.Success);
        }
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.BatchAsync(batch.Id)).EndedAt.ShouldBeNull();

        await worker.SettleAsync(claimed[0], Some.Success);

        (await worker.ClaimOneAsync()).Id.ShouldBe(batch.Follower!.Value.Id);
    }

    [Fact]
    public async Task A_job_that_somebody_holds_for_another_cause_delays_nobody()
    {
        var (batch, worker, claimed) = await RunningAsync(2);
        await using (var holder = await BeginAsync())
        {
            await ExecuteAsync(holder, $"SELECT FROM {fixture.Schema}.jobs WHERE id = {claimed[1].Id} FOR UPDATE");
            await worker.SettleAsync(claimed[0], Some.Success);
        }
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await worker.SettleAsync(claimed[1], Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(batch.Follower!.Value.Id);
        Notes().ShouldBe(0);
    }

    [Fact]
    public async Task A_job_that_was_once_locked_leaves_no_note_behind_at_every_claim()
    {
        var (_, worker, claimed) = await RunningAsync(2);
        await using (var holder = await BeginAsync())
        {
            await ExecuteAsync(holder, $"SELECT FROM {fixture.Schema}.jobs WHERE id = {claimed[1].Id} FOR UPDATE");
            await holder.Transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
        await worker.SettleAsync(claimed[0], Some.Success);
        Notes().ShouldBe(0);
    }

    [Fact]
    public async Task The_last_job_ends_while_somebody_closes_the_batch()
    {
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true, Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        await using (var closing = await BeginAsync())
        {
            await RunAsync(closing, database.Batch().Add("hold-batch", Value.Of(stored.Id.Value)).Add("close-batch", Value.Of(stored.Id.Value), Value.Of(database.LockSpace)));
            await worker.SettleAsync(claimed, Some.Success);
            await closing.Transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        (await worker.ClaimOneAsync()).Id.ShouldBe(stored.Follower!.Value.Id);
    }

    [Fact]
    public async Task Whoever_closes_a_batch_waits_for_a_transaction_that_adds_a_job_to_it_and_the_counts_are_folded_meanwhile()
    {
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true, Follower = Some.Job });
        Task<bool?> closing;
        await using (var adding = await BeginAsync())
        {
            await ((ITransactionalStore)Store).EnqueueAsync([Some.Job with { Batch = stored.Id }], adding.Transaction, CancellationToken.None);
            await using (var folding = await BeginAsync())
            {
                await RunAsync(folding, database.Batch().AddText("SET LOCAL lock_timeout = '1ms'").Add("fold-batches"));
                await folding.Transaction.CommitAsync(TestContext.Current.CancellationToken);
            }
            closing = Store.CloseAsync(stored.Id);
            await adding.Transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        (await closing).ShouldBe(true);
        var batch = await Store.BatchAsync(stored.Id);
        (batch.Total, batch.EndedAt).ShouldBe((1, null));
    }

    [Fact]
    public async Task The_counts_stay_the_same_when_they_are_folded()
    {
        var (batch, worker, claimed) = await RunningAsync(5);
        await worker.SettleAsync(claimed[0], Some.Success);
        await worker.SettleAsync(claimed[1], new Transition.Fail(Some.Error));
        var before = (await Store.BatchAsync(batch.Id)).Counts;

        PostgreSqlServer.Execute(database.Text("fold-batches"));

        before.ShouldBe(new StateCounts(0, 0, Running: 3, Succeeded: 1, Failed: 1, 0));
        (await Store.BatchAsync(batch.Id)).Counts.ShouldBe(before);
    }

    [Fact]
    public async Task The_look_comes_to_the_jobs_of_a_batch_by_their_index()
    {
        await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(500) });
        await Store.AddAsync(Some.Jobs(500));
        PostgreSqlServer.Execute($"VACUUM ANALYZE {fixture.Schema}.jobs");
        await using var source = PostgreSqlServer.Source.CreateCommand($"SELECT prosrc FROM pg_catalog.pg_proc WHERE oid = '{fixture.Schema}.end_of_batch'::regproc");
        var looks = Looks().Matches((string)(await source.ExecuteScalarAsync(TestContext.Current.CancellationToken))!).Select(look => look.Value.Replace("this", "$1", StringComparison.Ordinal)).Distinct().ToList();
        looks.Count.ShouldBe(2);
        await using var open = await BeginAsync();
        await ExecuteAsync(open, database.Text("keep-plans").Replace("$1", "'0'", StringComparison.Ordinal));
        foreach (var (number, look) in looks.Index())
        {
            await ExecuteAsync(open, $"PREPARE look{number} (bigint) AS SELECT {(look.EndsWith("LIMIT 1", StringComparison.Ordinal) ? look : $"EXISTS (SELECT {look})")}");
            await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE look{number} (1)", open.Connection, open.Transaction);
            await using var reader = await explain.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            var plan = string.Join('\n', await reader.AllAsync(row => row.Text(0)));
            plan.ShouldMatch("Scan (Backward )?using jobs_batch on jobs");
            plan.ShouldNotContain("jobs_pkey");
        }
    }

    [GeneratedRegex(@"FROM \S+\.jobs WHERE batch [^;)]+")]
    private static partial Regex Looks();

    private async Task<(StoredBatch Batch, TestWorker Worker, IReadOnlyList<ClaimedJob> Claimed)> RunningAsync(int jobs)
    {
        var batch = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(jobs), Follower = Some.Job });
        var worker = await Store.StartAsync();
        return (batch, worker, await worker.ClaimAsync());
    }

    private sealed record Open(NpgsqlConnection Connection, NpgsqlTransaction Transaction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Transaction.DisposeAsync();
            await Connection.DisposeAsync();
        }
    }

    private async Task<Open> BeginAsync()
    {
        var connection = (NpgsqlConnection)await fixture.ConnectAsync();
        return new Open(connection, await connection.BeginTransactionAsync());
    }

    /// <summary>Ends a job as a worker does, in a transaction that stays open.</summary>
    private async Task EndInlineAsync(Open transaction, ClaimedJob job)
    {
        var ends = new ToldEnds([new AttemptEnd(job.Id, job.Lease, Some.Success, null)], database.LockSpace);
        var batch = database.Batch().Add("keep-plans", Value.Of("1s"));
        ends.AddTo(batch);
        await RunAsync(transaction, batch);
    }

    private Task RunAsync(Open transaction, Batch batch) => database.RunAsync(transaction.Connection, batch, static _ => Task.FromResult(true), transaction.Transaction);

    private static async Task ExecuteAsync(Open transaction, string sql)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction.Transaction);
        await command.ExecuteNonQueryAsync();
    }

    private long Notes()
    {
        using var command = PostgreSqlServer.Source.CreateCommand($"SELECT count(*) FROM {fixture.Schema}.loose_ends");
        return (long)command.ExecuteScalar()!;
    }
}
