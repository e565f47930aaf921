using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Whoever comes alone to an exclusive key is stored with a place of it, and not written a second time; see docs/decisions/0030.</summary>
public sealed class ComingAloneTests : IAsyncDisposable
{
    private readonly PostgreSqlFixture fixture = new();

    private static NewJob Keyed => Some.Job with { ExclusiveKey = "k" };

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task A_job_that_comes_alone_is_written_once()
    {
        var alone = await fixture.Store.AddOneAsync(Keyed);
        var together = await fixture.Store.AddAsync(Keyed with { ExclusiveKey = "shared" }, Keyed with { ExclusiveKey = "shared" });

        (await IsWrittenOnceAsync(alone)).ShouldBeTrue();
        (await IsWrittenOnceAsync(together[0])).ShouldBeFalse("the first of several is given its place afterwards");
    }

    [Fact]
    public async Task Where_keys_have_a_limit_it_counts()
    {
        await fixture.Store.SetLimitAsync(new RateLimit(LimitScope.Key, "k", 1, TimeSpan.FromHours(1)), "test", CancellationToken.None);

        var first = await fixture.Store.EnqueueOneAsync(Keyed);
        var worker = await fixture.Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Succeed(default));

        first.State.ShouldBe(JobState.Pending);
        (await fixture.Store.EnqueueOneAsync(Keyed)).State.ShouldBe(JobState.Waiting);
    }

    [Fact]
    public async Task While_another_transaction_gives_places_of_the_key_a_job_stands_behind_it_and_is_seen_to_afterwards()
    {
        var space = new Database(PostgreSqlServer.Source, owned: false, new PostgreSqlStoreOptions { Schema = fixture.Schema }).LockSpace;
        await using var connection = await PostgreSqlServer.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        JobId job;
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_xact_lock(hashtextextended('exclusive k', {space}))", connection, transaction))
                await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            var answer = await fixture.Store.EnqueueOneAsync(Keyed);
            answer.State.ShouldBe(JobState.Waiting);
            job = answer.Id;
        }

        var worker = await fixture.Store.StartAsync();
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        (await worker.ClaimOneAsync()).Id.ShouldBe(job);
    }

    /// <summary>Whether its row is that of the statement which also logged that it was enqueued.</summary>
    private async Task<bool> IsWrittenOnceAsync(JobId job)
    {
        await using var command = PostgreSqlServer.Source.CreateCommand($"SELECT jobs.cmin = log.cmin FROM {fixture.Schema}.jobs JOIN {fixture.Schema}.log ON jobs.id = ANY (log.jobs) WHERE id = {job}");
        return (bool)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
