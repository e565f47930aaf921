using Npgsql;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Pruning beside the open transactions of others: it waits for none, and takes nothing from them.</summary>
public sealed class PruningTests : IAsyncLifetime
{
    private static readonly RetentionRules ADay = new([new(TimeSpan.FromDays(1))], TimeSpan.FromDays(1));

    private readonly PostgreSqlFixture fixture = new();

    private IStore Store => fixture.Store;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await fixture.CheckAsync();
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_job_that_one_in_an_open_transaction_comes_after_stays_and_that_one_runs()
    {
        var parent = await EndedAsync();
        fixture.Clock.Advance(TimeSpan.FromDays(2));
        await using var connection = await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        var child = (await ((ITransactionalStore)Store).EnqueueAsync([Some.Job with { After = [parent] }], transaction, TestContext.Current.CancellationToken))[0].Id;

        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(0);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);

        // It is not known yet that the one has ended for which the other waits.
        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(0);
        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(child);
        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_that_a_transaction_that_came_to_nothing_was_to_follow_goes()
    {
        var parent = await EndedAsync();
        fixture.Clock.Advance(TimeSpan.FromDays(2));
        await using var connection = await fixture.ConnectAsync();
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
            await ((ITransactionalStore)Store).EnqueueAsync([Some.Job with { After = [parent] }], transaction, TestContext.Current.CancellationToken);

        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task What_somebody_is_at_is_left_for_another_time()
    {
        var held = await EndedAsync();
        await EndedAsync();
        fixture.Clock.Advance(TimeSpan.FromDays(2));
        await using var connection = (NpgsqlConnection)await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand($"SELECT FROM {fixture.Schema}.history WHERE id = {held} FOR UPDATE", connection, transaction);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(1);
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);

        (await Store.PruneAllAsync(ADay)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task Entries_of_the_log_that_somebody_is_at_are_left_for_another_time()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            await Store.AddAsync(Some.Job);
            await Store.LogAsync();
        }
        fixture.Clock.Advance(TimeSpan.FromDays(2));
        await using var connection = (NpgsqlConnection)await fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand($"SELECT FROM {fixture.Schema}.log_places WHERE upto = 2 FOR UPDATE", connection, transaction);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        (await Store.PruneAllAsync(ADay)).LogEntries.ShouldBe(2);
        (await Store.LogAsync()).Select(entry => entry.Position).ShouldBe([2]);
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);

        (await Store.PruneAllAsync(ADay)).LogEntries.ShouldBe(1);
    }

    [Fact]
    public async Task Places_that_were_the_newest_when_the_log_was_pruned_do_not_gather()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            await Store.AddAsync(Some.Job);
            fixture.Clock.Advance(TimeSpan.FromDays(2));
            (await Store.PruneAllAsync(ADay)).LogEntries.ShouldBe(1);
            (await Store.LogAsync()).ShouldBeEmpty();
        }

        await using var count = PostgreSqlServer.Source.CreateCommand($"SELECT count(*) FROM {fixture.Schema}.log_places");
        (await count.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe(1L);
    }

    private async Task<JobId> EndedAsync()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        return id;
    }
}
