using System.Data.Common;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Numbers from a sequence become visible out of order; the places of the log must not.</summary>
public sealed class LogOrderTests : IAsyncLifetime
{
    private readonly PostgreSqlFixture fixture = new();
    private readonly List<DbConnection> connections = [];
    private readonly List<LogEntry> followed = [];

    private IStore Store => fixture.Store;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
            await connection.DisposeAsync();
        await fixture.CheckAsync();
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_follower_passes_nothing_that_is_not_committed_yet()
    {
        var early = await BeginAsync();
        var first = await EnqueueAsync(early);
        var second = await Store.AddOneAsync(Some.Job);
        await FollowAsync(second);

        await early.CommitAsync();

        await FollowAsync(second, first);
    }

    [Fact]
    public async Task A_follower_waits_for_a_batch_that_has_its_number_and_is_not_written_yet()
    {
        var early = await BeginAsync();
        // The server notes on disk only one number of a sequence in 32, and gives the transaction an id for that.
        List<JobId> expected = [await Store.AddOneAsync(Some.Job)];
        var number = await ScalarAsync(early, $"SELECT {fixture.Schema}.next_batch()");
        for (var count = 0; count < 4; count++)
        {
            expected.Add(await Store.AddOneAsync(Some.Job));
            await FollowAsync([.. expected]);
        }

        await ScalarAsync(early, $"INSERT INTO {fixture.Schema}.log (batch, at, entries, kinds, jobs) VALUES ({number}, now(), 1, ARRAY['enqueued'], ARRAY[99]) RETURNING batch");
        await early.CommitAsync();

        await FollowAsync([.. expected, new JobId(99)]);
    }

    [Fact]
    public async Task Transactions_that_commit_in_the_opposite_order_are_followed_without_a_gap()
    {
        var open = new List<(DbTransaction Transaction, JobId Job)>();
        for (var count = 0; count < 8; count++)
        {
            var transaction = await BeginAsync();
            open.Add((transaction, await EnqueueAsync(transaction)));
        }
        var expected = new List<JobId>();
        for (var last = open.Count - 1; last >= 0; last--)
        {
            if (last % 3 == 1)
            {
                await open[last].Transaction.RollbackAsync();
            }
            else
            {
                await open[last].Transaction.CommitAsync();
                expected.Add(open[last].Job);
            }
            expected.Add(await Store.AddOneAsync(Some.Job));
            await FollowAsync([.. expected]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_strangers_open_transaction_holds_nothing_back(bool writes)
    {
        var stranger = await BeginAsync();
        await using var command = stranger.Connection!.CreateCommand();
        command.Transaction = stranger;
        command.CommandText = writes ? "INSERT INTO notes (text) VALUES ('x')" : "SELECT count(*) FROM notes";
        await command.ExecuteScalarAsync();

        await FollowAsync(await Store.AddOneAsync(Some.Job));
    }

    [Fact]
    public async Task What_was_rolled_back_is_not_looked_for_for_ever()
    {
        var rolledBack = await BeginAsync();
        await EnqueueAsync(rolledBack);
        await Store.AddOneAsync(Some.Job);
        await Store.LogAsync();
        (await MissingAsync()).ShouldBe(1);
        await rolledBack.RollbackAsync();

        // It is let go when no transaction of the whole server is as old: tests beside this one have theirs.
        for (var pass = 0; await MissingAsync() > 0; pass++)
        {
            pass.ShouldBeLessThan(1000);
            await Store.AddOneAsync(Some.Job);
            await Store.LogAsync();
        }
    }

    [Fact]
    public async Task Several_followers_and_writers_agree_on_every_place()
    {
        const int writers = 4, jobs = 60;
        var views = Enumerable.Range(0, 3).Select(_ => fixture.OpenAnother()).ToList();
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(async writer =>
        {
            for (var count = 0; count < jobs; count++)
                await views[writer % views.Count].AddOneAsync(Some.Job);
        }));
        var following = views.Select(async view =>
        {
            var seen = new List<(long Position, JobId? Job)>();
            while (seen.Count < writers * jobs)
                seen.AddRange((await view.ReadAsync(seen.Count, 7, TestContext.Current.CancellationToken)).Select(entry => (entry.Position, entry.Job)));
            return seen;
        }).ToList();

        await writing;
        var logs = await Task.WhenAll(following);

        logs[0].Select(entry => entry.Position).ShouldBe(Enumerable.Range(1, writers * jobs).Select(position => (long)position));
        logs[0].Select(entry => entry.Job).ShouldBeUnique();
        logs[1].ShouldBe(logs[0]);
        logs[2].ShouldBe(logs[0]);
    }

    private async Task<DbTransaction> BeginAsync()
    {
        var connection = await fixture.ConnectAsync();
        connections.Add(connection);
        return await connection.BeginTransactionAsync();
    }

    private static async Task<object?> ScalarAsync(DbTransaction transaction, string sql)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    private async Task<JobId> EnqueueAsync(DbTransaction transaction) =>
        (await ((ITransactionalStore)Store).EnqueueAsync([Some.Job], transaction, TestContext.Current.CancellationToken))[0].Id;

    /// <summary>Follows the log from where it was left; it must have told of these jobs by then, in this order, without a gap.</summary>
    private async Task FollowAsync(params JobId[] jobs)
    {
        followed.AddRange(await Store.LogAsync(followed.Count));
        followed.Select(entry => entry.Job!.Value).ShouldBe(jobs);
        followed.Select(entry => entry.Position).ShouldBe(Enumerable.Range(1, followed.Count).Select(position => (long)position));
    }

    private async Task<int> MissingAsync()
    {
        await using var command = PostgreSqlServer.Source.CreateCommand($"SELECT cardinality(missing) FROM {fixture.Schema}.log_places ORDER BY upto DESC LIMIT 1");
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
