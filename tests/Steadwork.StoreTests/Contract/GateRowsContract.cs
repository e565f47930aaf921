using System.Globalization;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What limits and breakers have counted goes once it counts no more: no store grows by it for ever.</summary>
public abstract class GateRowsContract<TFixture> : StoreContract<TFixture>
    where TFixture : IDatabaseFixture, new()
{
    private static readonly BreakerDefinition Smtp = new("smtp") { Window = TimeSpan.FromSeconds(10) };

    [Fact]
    public async Task The_calls_of_workers_that_are_gone_go_with_the_window()
    {
        await Store.AddAsync(Some.Jobs(6));
        for (var turn = 0; turn < 3; turn++)
        {
            // Each incarnation of a worker is another one.
            var worker = await Store.StartAsync(breakers: [Smtp], typeBreakers: [new TypeBreakers(Some.Type, ["smtp"])]);
            for (var call = 0; call < 2; call++)
            {
                var job = await worker.ClaimOneAsync();
                await worker.ExchangeAsync([new AttemptEnd(job.Id, job.Lease, Some.Success, null) { Calls = [new DependencyCall("smtp", Failed: false, job.IsProbe)] }]);
                Advance(1);
            }
            await worker.EndAsync();
        }
        (await CountAsync("breaker_calls")).ShouldBe(6);
        Advance(10);

        await Other.StartAsync(breakers: [Smtp]);

        (await CountAsync("breaker_calls")).ShouldBe(0);
    }

    [Fact]
    public async Task What_has_begun_under_a_limit_goes_with_its_period()
    {
        await Store.AddAsync(Some.Jobs(100));
        await Store.SetLimitAsync(new RateLimit(LimitScope.Queue, Defaults.Queue, 1, TimeSpan.FromSeconds(1)), "test", CancellationToken.None);
        var worker = await Store.StartAsync(capacity: 100);
        for (var turn = 0; turn < 50; turn++)
        {
            await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
            Advance(1);
        }

        (await CountAsync("limit_uses")).ShouldBeLessThanOrEqualTo(2);
    }

    private async Task<long> CountAsync(string table)
    {
        await using var connection = await Fixture.ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}
