using Npgsql;
using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>What the server is asked for a job: once to store it, once for the ends of many and the next ones, by statements that it knows.</summary>
public sealed class RoundTripTests : IAsyncDisposable
{
    private const int Jobs = 20, Turns = 5;
    private readonly PostgreSqlFixture fixture = new();
    private readonly TemporaryFolder folder = new();
    private readonly ServerFront front;

    public RoundTripTests()
    {
        var there = ConnectionUrl.Read(PostgreSqlServer.Url).Settings;
        front = new ServerFront(there.Host!, there.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await front.DisposeAsync();
        await fixture.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_enqueue_is_one_and_the_ends_of_many_jobs_with_the_claim_of_the_next_are_another(bool prepares)
    {
        // What Npgsql sends to reset a connection goes along with what comes next: nobody waits for its answer.
        var settings = new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { Host = "127.0.0.1", Port = front.Port, MaxPoolSize = 2, SslMode = SslMode.Disable, NoResetOnClose = true };
        await using var source = NpgsqlDataSource.Create(settings);
        await using var store = await PostgreSqlStore.OpenAsync(source, new PostgreSqlStoreOptions
        {
            Schema = fixture.Schema,
            Create = false,
            Prepare = prepares,
            MachineFolder = folder.File("workers"),
            // Each exchange has the same statements.
            LapsedInterval = TimeSpan.Zero,
            SlowClaim = TimeSpan.FromHours(1),
            // Those that go apart are waited for by nobody.
            MostRingsASecond = 0,
        }, TestContext.Current.CancellationToken);
        var worker = await store.StartAsync(capacity: 2 * Jobs);
        AttemptEnd[] ends = [];
        // The first ones have the server parse what later ones only name.
        for (var turn = 0; turn < 2; turn++)
            await TurnAsync();

        for (var turn = 0; turn < Turns; turn++)
        {
            var (enqueueing, exchanging) = await TurnAsync();
            enqueueing.ShouldSatisfyAllConditions(
                said => said.Waits.ShouldBe(1),
                said => said.Statements.ShouldBeGreaterThan(0),
                said => said.Parsed.ShouldBe(prepares ? 0 : said.Statements));
            exchanging.ShouldSatisfyAllConditions(
                said => said.Waits.ShouldBe(1),
                said => said.Statements.ShouldBeGreaterThan(0),
                said => said.Parsed.ShouldBe(prepares ? 0 : said.Statements));
        }
        (await store.CountsAsync()).Succeeded.ShouldBe((Turns + 1) * Jobs);

        async Task<(Said Enqueueing, Said Exchanging)> TurnAsync()
        {
            var before = Now();
            await store.AddAsync(Some.Jobs(Jobs));
            var between = Now();
            var exchange = await worker.ExchangeAsync(ends, max: Jobs);
            exchange.Accepted.ShouldAllBe(accepted => accepted);
            exchange.Claimed.Count.ShouldBe(Jobs);
            ends = [.. exchange.Claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, null))];
            return (between - before, Now() - between);
        }
    }

    private Said Now() => new(front.Said('S') + front.Said('Q'), front.Said('B'), front.Said('P'));

    private readonly record struct Said(int Waits, int Statements, int Parsed)
    {
        public static Said operator -(Said left, Said right) => new(left.Waits - right.Waits, left.Statements - right.Statements, left.Parsed - right.Parsed);
    }
}
