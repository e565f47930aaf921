using System.Data;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Batches in the caller's transaction are there, grow and end if and only if that commits.</summary>
public abstract class BatchTransactionsContract<TFixture> : StoreContract<TFixture>
    where TFixture : IDatabaseFixture, new()
{
    private ITransactionalStore Transactional => (ITransactionalStore)Store;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_is_made_in_it_exists_if_and_only_if_it_commits(bool commits)
    {
        StoredBatch stored, empty;
        await using (var connection = await Fixture.ConnectAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            stored = await Transactional.AddBatchAsync(new NewBatch { Name = "n", Jobs = Some.Jobs(2), Follower = Some.Job }, transaction, CancellationToken.None);
            empty = await Transactional.AddBatchAsync(new NewBatch { Follower = Some.Job with { Type = "other" } }, transaction, CancellationToken.None);
            stored.Jobs.Count.ShouldBe(2);
            (await Other.BatchesAsync([stored.Id], CancellationToken.None)).ShouldBeEmpty();
            if (commits)
                await transaction.CommitAsync();
        }

        (await Other.BatchesAsync([stored.Id, empty.Id], CancellationToken.None)).Select(batch => (batch.Total, batch.Follower)).ShouldBe(commits ? [(2, stored.Follower!.Value.Id), (0, empty.Follower!.Value.Id)] : []);
        var worker = await Store.StartAsync(types: [Some.Type, "other"]);
        var claimed = await worker.ClaimAsync();
        if (!commits)
        {
            claimed.ShouldBeEmpty();
            return;
        }
        claimed.Select(job => job.Id).ShouldBe([.. stored.Jobs.Select(job => job.Id), empty.Follower!.Value.Id], "the empty one has ended");
        await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, null))]);
        (await worker.ClaimOneAsync()).Id.ShouldBe(stored.Follower!.Value.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_is_added_in_it_is_of_the_batch_if_and_only_if_it_commits(bool commits)
    {
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true, Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        await using (var connection = await Fixture.ConnectAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await Transactional.EnqueueAsync([Some.Job with { Batch = stored.Id }], transaction, CancellationToken.None);
            if (commits)
                await transaction.CommitAsync();
        }
        await Store.CloseAsync(stored.Id);

        (await Store.BatchAsync(stored.Id)).Total.ShouldBe(commits ? 2 : 1);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(commits ? null : Now);
        (await worker.ClaimOneAsync()).BatchId.ShouldBe(commits ? stored.Id : null);
    }

    [Fact]
    public async Task A_closed_batch_takes_none_in_it_either()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1) });
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        await Should.ThrowAsync<BatchNotOpenException>(() => Transactional.EnqueueAsync([Some.Job with { Batch = stored.Id }], transaction, CancellationToken.None));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_last_job_that_ends_in_it_ends_the_batch_once_it_has_committed(bool commits)
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        await using (var connection = await Fixture.ConnectAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.Unspecified);
            (await Transactional.SettleAsync(new AttemptEnd(job.Id, job.Lease, Some.Success, Now), transaction, CancellationToken.None)).ShouldBeTrue();
            if (commits)
                await transaction.CommitAsync();
        }

        (await (await Other.StartAsync()).ClaimAsync()).Select(next => next.Id).ShouldBe(commits ? [stored.Follower!.Value.Id] : []);
        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(commits ? Now : null);
    }
}
