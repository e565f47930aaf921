using System.Data;
using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.Copying;
using Steadwork.StoreTests.Contract;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Copying;

/// <summary>A retired store takes nothing in and hands nothing out; what runs in it comes to its end.</summary>
public abstract class RetirementContract<TFixture> : StoreContract<TFixture>
    where TFixture : IDatabaseFixture, new()
{
    [Fact]
    public async Task It_refuses_what_would_be_missing_in_the_copy_and_says_where_it_went()
    {
        var job = await Store.AddOneAsync(Some.Job);
        await Store.RetireAsync();
        var before = await Picture.OfAsync(Store);

        await ShouldBeRefusedAsync(() => Other.EnqueueAsync([Some.Job], CancellationToken.None));
        await ShouldBeRefusedAsync(() => Other.StartAsync());
        await ShouldBeRefusedAsync(() => Other.DefineQueueAsync("q", "{}", CancellationToken.None));
        await ShouldBeRefusedAsync(() => Other.SetRetentionAsync(RetentionRules.Default, "late", CancellationToken.None));
        await ShouldBeRefusedAsync(() => Other.RequestAsync(JobRequest.Cancel, job));
        await ShouldBeRefusedAsync(() => Other.RequestAsync(JobRequest.Delete, job));
        await ShouldBeRefusedAsync(() => Other.AppendAsync([new NewLogEntry("noted", null, null, default)], CancellationToken.None));
        await ShouldBeRefusedAsync(() => Other.PruneAllAsync(new RetentionRules([], TimeSpan.Zero)));

        (await Picture.OfAsync(Store)).ShouldBe(before);
        (await Other.Copyable().RetirementAsync(CancellationToken.None)).ShouldBe(new Retirement("elsewhere", Copied: false));
        var standing = await Other.StandingAsync(job, CancellationToken.None);
        (await WaitReason.OfAsync(Other, standing!, CancellationToken.None))[0].ShouldBe(new WaitReason("retired", "The store is being copied to elsewhere, and hands out no jobs meanwhile."));
    }

    [Fact]
    public async Task It_takes_no_job_in_a_callers_transaction()
    {
        await Store.RetireAsync();
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ShouldBeRefusedAsync(() => ((ITransactionalStore)Other).EnqueueAsync([Some.Job], transaction, CancellationToken.None));
    }

    [Fact]
    public async Task What_runs_is_renewed_tells_of_its_progress_is_cancelled_and_ends()
    {
        var ids = await Store.AddAsync(Some.Job, Some.Job, Some.Job);
        await Store.AddAsync(Some.Job, Some.Job with { Delay = TimeSpan.FromSeconds(1) });
        var worker = await Store.StartAsync();
        var held = await worker.ClaimAsync(3);
        await Other.RetireAsync();
        Advance(2);

        (await Other.SettleDownAsync()).ShouldBe(new UnderWay(3, Transactions: false));
        (await Store.AppendAsync([new NewLogEntry(LogKinds.Progress, ids[0], held[0].Lease, Some.Json("1"))], CancellationToken.None)).ShouldBe([true]);
        (await Other.RequestAsync(JobRequest.Cancel, ids[1])).ShouldBe(RequestAnswer.Signalled);
        worker.Renew().Cancellations.ShouldHaveSingleItem().Job.ShouldBe(ids[1]);

        var exchange = await worker.ExchangeAsync([new AttemptEnd(ids[0], held[0].Lease, Some.Success, null), new AttemptEnd(ids[1], held[1].Lease, new Transition.Cancel("asked"), null)], max: 5, holding: 1);
        exchange.Accepted.ShouldBe([true, true]);
        exchange.Claimed.ShouldBeEmpty();
        exchange.NextDue.ShouldBeNull();
        exchange.Alive.ShouldBeTrue();

        (await Other.SettleDownAsync()).Jobs.ShouldBe(1);
        Fixture.Kill(worker.Id);
        (await Other.RecoverAsync()).ShouldHaveSingleItem().Jobs.ShouldHaveSingleItem().Job.ShouldBe(ids[2]);
        (await Other.SettleDownAsync()).IsNothing.ShouldBeTrue();
        (await Store.JobAsync(ids[0])).State.ShouldBe(JobState.Succeeded);
    }

    [Fact]
    public async Task What_a_worker_claimed_without_hearing_of_it_is_still_handed_to_it()
    {
        await Store.AddAsync(Some.Jobs(2));
        var worker = await Store.StartAsync();
        await worker.ClaimAsync(2);
        await Store.RetireAsync();
        (await worker.ExchangeAsync([], max: 2, known: [])).Claimed.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Idle_workers_are_signed_off_once_nothing_runs_and_nothing_of_them_comes_later()
    {
        await Store.AddAsync(Some.Job);
        var (busy, idle) = (await Store.StartAsync(), await Other.StartAsync());
        var job = await busy.ClaimOneAsync();
        (await Store.SettleDownAsync()).Jobs.ShouldBe(1);
        await Store.RetireAsync();
        await Store.SettleDownAsync();
        idle.Renew().Alive.ShouldBeTrue();

        await busy.SettleAsync(job, Some.Success);
        (await Store.SettleDownAsync()).IsNothing.ShouldBeTrue();

        var settled = await Picture.OfAsync(Store);
        settled.ShouldContain(LogKinds.WorkerStopped);
        (await Store.StatisticsAsync()).Workers.ShouldBeEmpty();
        idle.Renew().Alive.ShouldBeFalse();
        (await idle.ExchangeAsync([], max: 1)).Alive.ShouldBeFalse();
        await busy.EndAsync();
        await idle.EndAsync();
        await Other.RecoverAsync();
        (await Picture.OfAsync(Store)).ShouldBe(settled);
    }

    [Fact]
    public async Task In_a_store_in_service_nobody_is_signed_off()
    {
        var worker = await Store.StartAsync();
        (await Store.SettleDownAsync()).IsNothing.ShouldBeTrue();
        worker.Renew().Alive.ShouldBeTrue();
    }

    [Fact]
    public async Task Back_in_service_it_goes_on()
    {
        await Store.AddAsync(Some.Job);
        await Store.RetireAsync();
        await Store.SettleDownAsync();
        await Other.Copyable().ReopenAsync(CancellationToken.None);

        (await Store.Copyable().RetirementAsync(CancellationToken.None)).ShouldBeNull();
        await Store.AddAsync(Some.Job);
        (await (await Store.StartAsync()).ClaimAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Neighbours_of_a_refused_request_are_answered()
    {
        await Store.AddAsync(Some.Jobs(50));
        var worker = await Store.StartAsync(capacity: 50);
        var held = await worker.ClaimAsync(50);
        await Store.RetireAsync();

        var refused = Enumerable.Range(0, 50).Select(_ => Store.EnqueueAsync([Some.Job], CancellationToken.None)).ToList();
        var ends = held.Select(job => worker.SettleAsync(job, Some.Success)).ToList();

        (await Task.WhenAll(ends)).ShouldAllBe(accepted => accepted);
        foreach (var request in refused)
            await ShouldBeRefusedAsync(() => request);
    }

    private static async Task ShouldBeRefusedAsync(Func<Task> act)
    {
        var error = await Should.ThrowAsync<StoreRetiredException>(act);
        error.Message.ShouldEndWith(" is being copied to elsewhere and takes no more work.");
    }
}

public sealed class SqliteRetirement : RetirementContract<SqliteFixture>;

public sealed class PostgreSqlRetirement : RetirementContract<PostgreSqlFixture>
{
    /// <summary>One that was let in before, and whose jobs may yet come.</summary>
    [Fact]
    public async Task A_transaction_that_is_open_is_waited_for_and_nobody_waits_behind_it()
    {
        await using var connection = await Fixture.ConnectAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var stored = await ((ITransactionalStore)Store).EnqueueAsync([Some.Job], transaction, CancellationToken.None);
            await Other.RetireAsync();
            (await Other.SettleDownAsync()).Transactions.ShouldBeTrue();
            await Should.ThrowAsync<StoreRetiredException>(() => Other.EnqueueAsync([Some.Job], CancellationToken.None));
            await transaction.CommitAsync();
        }
        (await Other.SettleDownAsync()).IsNothing.ShouldBeTrue();
        (await Other.FindAllAsync()).Count.ShouldBe(1);
    }

    /// <summary>Its snapshot is of a time at which the store was in service.</summary>
    [Theory]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_transaction_that_looks_at_the_past_is_refused(IsolationLevel isolation)
    {
        await using var connection = await Fixture.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(isolation);
        await using (var look = connection.CreateCommand())
        {
            look.CommandText = "SELECT count(*) FROM notes";
            await look.ExecuteScalarAsync();
        }
        await Store.RetireAsync();
        (await Store.SettleDownAsync()).IsNothing.ShouldBeTrue();
        await Should.ThrowAsync<StoreRetiredException>(() => ((ITransactionalStore)Other).EnqueueAsync([Some.Job], transaction, CancellationToken.None));
    }
}
