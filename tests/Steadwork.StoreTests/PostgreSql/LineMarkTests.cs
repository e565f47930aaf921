using Shouldly;
using Steadwork.PostgreSql;
using Steadwork.PostgreSql.Jobs;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Testing;
using Xunit;

namespace Steadwork.StoreTests.OnPostgreSql;

/// <summary>Claims that begin behind what is known to be gone, once claims from the head of the line have become slow.</summary>
public sealed class LineMarkTests
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(10);
    private readonly ManualTime clock = new();
    private readonly LineMarks marks;

    public LineMarkTests() => marks = new LineMarks(clock, Slow);

    [Fact]
    public void Claims_begin_at_the_head_as_long_as_that_is_quick()
    {
        for (var count = 0; count < 100; count++)
            ClaimFromHead(TimeSpan.FromMilliseconds(2), id: count);
    }

    [Fact]
    public void Slow_ones_make_most_begin_behind_the_mark()
    {
        BecomeSlow();

        marks.Next().FromHead.ShouldBeFalse();
        clock.Advance(TimeSpan.FromMilliseconds(3999));
        marks.Next().FromHead.ShouldBeFalse("a look of 20 ms is worth four seconds");
        clock.Advance(TimeSpan.FromMilliseconds(2));
        marks.Next().FromHead.ShouldBeTrue("a two-hundredth of the time goes into looks from the head");
        marks.Next().FromHead.ShouldBeFalse();
    }

    [Fact]
    public void A_quick_one_from_the_head_ends_it()
    {
        BecomeSlow();
        clock.Advance(TimeSpan.FromSeconds(5));

        ClaimFromHead(TimeSpan.FromMilliseconds(1), id: 100);

        marks.Next().FromHead.ShouldBeTrue();
    }

    [Fact]
    public void What_joins_before_the_mark_is_looked_for_at_the_head_at_once()
    {
        BecomeSlow();

        marks.Joined();

        marks.Next().FromHead.ShouldBeTrue();
        marks.Claimed(fromHead: true, TimeSpan.FromMilliseconds(20), [(1, 100, 1)], isStopped: false);
        marks.Next().FromHead.ShouldBeTrue("where one has joined there may be more");
        marks.Claimed(fromHead: true, TimeSpan.FromMilliseconds(20), [(1, 100, 60)], isStopped: false);
        marks.Next().FromHead.ShouldBeFalse();
    }

    [Fact]
    public void What_must_not_be_passed_is_not()
    {
        BecomeSlow();
        marks.Joined();

        for (var count = 0; count < 3; count++)
        {
            marks.Next().FromHead.ShouldBeTrue();
            marks.Claimed(fromHead: true, TimeSpan.FromMilliseconds(20), [], isStopped: true);
        }
        marks.Next().FromHead.ShouldBeTrue();
        marks.Claimed(fromHead: true, TimeSpan.FromMilliseconds(20), [], isStopped: false);
        marks.Next().FromHead.ShouldBeFalse();
    }

    [Fact]
    public void A_mark_is_used_only_when_it_is_old_enough()
    {
        for (var count = 0; count < 3; count++)
        {
            ClaimFromHead(TimeSpan.FromMilliseconds(20), id: count);
            clock.Advance(TimeSpan.FromMilliseconds(300));
        }

        marks.Next().FromHead.ShouldBeTrue("what was committed late must have had its time");
    }

    [Fact]
    public async Task With_them_every_job_is_claimed_all_the_same()
    {
        await using var fixture = new PostgreSqlFixture();
        using var folder = new TemporaryFolder();
        await using var store = await OpenAsync(fixture, folder, TimeProvider.System);
        var worker = await store.StartAsync();
        var claimed = new List<JobId>();
        var expected = new List<JobId>();
        var random = new Random(1);
        while (expected.Count < 400)
        {
            expected.AddRange(await (random.Next(2) == 0 ? store : fixture.Store).AddAsync(Some.Job with { Priority = random.Next(1, 4) }, Some.Job));
            foreach (var job in await worker.ClaimAsync(random.Next(4)))
            {
                var goesBack = random.Next(3) == 0;
                await worker.SettleAsync(job, goesBack ? new Transition.Release(Started: false) : Some.Success);
                if (!goesBack)
                    claimed.Add(job.Id);
            }
        }
        // What joined before a mark may have to wait for the next look from the head, never longer.
        for (var looks = 0; claimed.Count < expected.Count; looks++)
        {
            looks.ShouldBeLessThan(100_000);
            foreach (var job in await worker.ClaimAsync(10))
            {
                await worker.SettleAsync(job, Some.Success);
                claimed.Add(job.Id);
            }
        }

        claimed.ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public async Task With_them_a_worker_that_is_busy_does_not_pass_by_a_job_that_must_be_claimed_alone()
    {
        await using var fixture = new PostgreSqlFixture();
        using var folder = new TemporaryFolder();
        await using var store = await OpenAsync(fixture, folder, clock);
        var ids = await store.AddAsync(Some.Jobs(50));
        var dead = await fixture.Store.StartAsync();
        await dead.ClaimAsync(2);
        var busy = await store.StartAsync();
        // Until it claims behind its marks, which are a second old then.
        var held = new Queue<ClaimedJob>(await busy.ClaimAsync(3));
        for (var turn = 0; turn < 5; turn++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(500));
            await NextAsync();
        }

        fixture.Clock.Advance(Some.Lease * 0.9);
        busy.Renew();
        fixture.Clock.Advance(Some.Lease * 0.2);
        (await store.RecoverAsync()).Single().Jobs.ShouldAllBe(job => ((Transition.Release)job.Transition).Alone);
        for (var turn = 0; turn < 3; turn++)
            await NextAsync();

        held.Single().Id.ShouldBe(ids[0]);

        async Task NextAsync()
        {
            var first = held.Dequeue();
            var exchange = await busy.ExchangeAsync([new AttemptEnd(first.Id, first.Lease, Some.Success, null)], max: 3 - held.Count, holding: held.Count);
            foreach (var job in exchange.Claimed)
                held.Enqueue(job);
        }
    }

    /// <summary>A store for which every claim is slow.</summary>
    private static Task<PostgreSqlStore> OpenAsync(PostgreSqlFixture fixture, TemporaryFolder folder, TimeProvider markClock) => PostgreSqlStore.OpenAsync(
        PostgreSqlServer.Source,
        new PostgreSqlStoreOptions { Schema = fixture.Schema, Clock = fixture.Clock, Create = false, SlowClaim = TimeSpan.Zero, MarkClock = markClock, MachineFolder = folder.File("workers") },
        TestContext.Current.CancellationToken);

    private void BecomeSlow()
    {
        for (var count = 0; count < 6; count++)
        {
            ClaimFromHead(TimeSpan.FromMilliseconds(20), id: count);
            clock.Advance(TimeSpan.FromSeconds(5));
        }
        marks.Next().FromHead.ShouldBeTrue();
        marks.Claimed(fromHead: true, TimeSpan.FromMilliseconds(20), [(1, 100, 50)], isStopped: false);
    }

    private void ClaimFromHead(TimeSpan took, long id)
    {
        marks.Next().FromHead.ShouldBeTrue();
        marks.Claimed(fromHead: true, took, [(1, 100, id)], isStopped: false);
    }
}
