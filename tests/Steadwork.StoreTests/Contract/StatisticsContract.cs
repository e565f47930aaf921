using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Counts are kept, and are always what counting would give.</summary>
public abstract class StatisticsContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task An_empty_store_counts_nothing()
    {
        var statistics = await Store.StatisticsAsync();

        statistics.Lanes.ShouldBeEmpty();
        statistics.Workers.ShouldBeEmpty();
        statistics.LogPosition.ShouldBe(0);
    }

    [Fact]
    public async Task Jobs_are_counted_by_queue_and_type()
    {
        await Store.AddAsync(
            Some.Job with { Queue = "b" }, Some.Job with { Queue = "a", Type = "y" }, Some.Job with { Queue = "a", Type = "x" },
            Some.Job with { Queue = "a", Type = "y", Delay = TimeSpan.FromHours(1) });
        await (await Store.StartAsync(["b"])).ClaimAsync();

        var pending = default(StateCounts).With(JobState.Pending, +1);
        (await Other.StatisticsAsync()).Lanes.ShouldBe([
            new LaneCounts("a", "x", pending),
            new LaneCounts("a", "y", pending + pending),
            new LaneCounts("b", Some.Type, default(StateCounts).With(JobState.Running, +1)),
        ]);
    }

    [Fact]
    public async Task A_lane_whose_jobs_are_all_gone_is_still_listed()
    {
        var id = await Store.AddOneAsync(Some.Job);
        await Store.RequestAsync(JobRequest.Delete, id);

        (await Store.StatisticsAsync()).Lanes.ShouldBe([new LaneCounts(Defaults.Queue, Some.Type, default)]);
    }

    [Fact]
    public async Task Workers_are_listed_with_what_they_said_of_themselves_and_hold()
    {
        await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync(["default", "später"], [Some.Type, "b\"c"]);
        await worker.ClaimAsync(max: 2);
        var startedAt = Now;
        Advance(5);

        var view = (await Other.StatisticsAsync()).Workers.Single();

        (view.Id, view.Name, view.StartedAt, view.Running).ShouldBe((worker.Id, "worker", startedAt, 2));
        (view.Host, view.ProcessId).ShouldBe((Environment.MachineName, Environment.ProcessId));
        view.Queues.ShouldBe(["default", "später"]);
        view.Types.ShouldBe([Some.Type, "b\"c"]);
    }

    [Fact]
    public async Task The_log_position_is_that_of_the_newest_entry()
    {
        await Store.AddAsync(Some.Jobs(3));

        (await Other.StatisticsAsync()).LogPosition.ShouldBe((await Store.LogAsync())[^1].Position);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Kept_counts_equal_a_recount_whatever_happens(int seed)
    {
        var random = new Random(seed);
        var worker = await Store.StartAsync(["a", "b"], ["x", "y"]);
        var held = new List<ClaimedJob>();
        var kinds = Transitions.ByName.Values.ToList();
        for (var step = 0; step < 60; step++)
        {
            await Store.AddAsync([.. Enumerable.Range(0, 3).Select(_ => Random(random))]);
            held.AddRange(await worker.ClaimAsync(random.Next(4)));
            if (held.Count > 0 && random.Next(3) > 0)
                await worker.SettleAsync(held[random.Next(held.Count)], kinds[random.Next(kinds.Count)](Now));
            await Store.RequestAsync((JobRequest)random.Next(3), new JobId(random.Next(1, 3 * step + 4)));
            Advance(random.Next(30));
            worker.Renew();
            if (step % 10 == 0)
                await KeptCountsEqualARecount();
        }
    }

    private static NewJob Random(Random random) => Some.Job with
    {
        Queue = random.Next(2) == 0 ? "a" : "b",
        Type = random.Next(2) == 0 ? "x" : "y",
        Priority = random.Next(1, 4),
        Delay = TimeSpan.FromSeconds(random.Next(3) * 40),
        UniqueKey = random.Next(4) == 0 ? random.Next(5).ToString(System.Globalization.CultureInfo.InvariantCulture) : null,
        UniqueScope = (UniqueScope)random.Next(2),
    };
}
