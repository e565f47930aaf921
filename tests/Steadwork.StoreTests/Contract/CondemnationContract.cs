using Shouldly;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>
/// A worker whose lease has run out is condemned before its programs are ended, which takes a while: if it could come back meanwhile, the
/// programs that it then began would be ended with the others, and their attempts be spent.
/// </summary>
public abstract class CondemnationContract<TFixture> : StoreContract<TFixture>
    where TFixture : IDatabaseFixture, new()
{
    [Fact]
    public async Task One_that_is_condemned_cannot_come_back_and_is_recovered_by_whoever_comes_next()
    {
        var jobs = await Store.AddAsync(Some.Jobs(2));
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        await CondemnAsync();

        worker.Renew().Alive.ShouldBeFalse();
        var exchange = await worker.ExchangeAsync([], max: 5, holding: 1);
        (exchange.Alive, exchange.Claimed.Count).ShouldBe((false, 0));
        (await Store.StatisticsAsync()).Workers.ShouldBeEmpty();

        var recovered = (await Other.RecoverAsync()).Single();
        (recovered.Worker, recovered.Reason).ShouldBe((worker.Id, "its lease has run out"));
        (await Store.JobAsync(jobs[0])).State.ShouldBe(JobState.Pending);
        (await worker.SettleAsync(claimed, Some.Success)).ShouldBeFalse();
    }

    [Fact]
    public async Task What_it_still_tells_until_it_is_recovered_counts()
    {
        var job = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        await CondemnAsync();

        (await worker.SettleAsync(claimed, Some.Success)).ShouldBeTrue();
        (await Other.RecoverAsync()).Single().Jobs.ShouldBeEmpty();
        (await Store.JobAsync(job)).State.ShouldBe(JobState.Succeeded);
    }

    /// <summary>As whoever recovers it does first, and then may die.</summary>
    private async Task CondemnAsync()
    {
        await using var connection = await Fixture.ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"UPDATE workers SET lease_until = {(Fixture is SqliteFixture ? "-1" : "'-infinity'")}";
        await command.ExecuteNonQueryAsync();
    }
}
