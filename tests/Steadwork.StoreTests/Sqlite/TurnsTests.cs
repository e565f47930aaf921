using System.Diagnostics;
using Shouldly;
using Steadwork.Sqlite.Machine;
using Steadwork.Sqlite.Writing;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.OnSqlite;

/// <summary>Processes of one file take turns in writing, and none keeps the others for long by not moving.</summary>
public sealed class TurnsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_at_a_time_has_it()
    {
        using Turns one = Open(), two = Open();
        one.TryTake().ShouldBeTrue();
        one.TryTake().ShouldBeTrue("it has it already");
        two.TryTake().ShouldBeFalse();

        one.Give();
        two.TryTake().ShouldBeTrue();
        two.Give();
        two.Give();
        one.TryTake().ShouldBeTrue();
    }

    [Fact]
    public async Task Who_waits_has_the_next_one_whoever_else_asks_meanwhile()
    {
        using Turns one = Open(), two = Open(Patience);
        one.TryTake().ShouldBeTrue();
        var taken = Task.Run(two.Take, TestContext.Current.CancellationToken);

        // From when the other stands in line, it cannot be had again.
        var began = Stopwatch.GetTimestamp();
        do
        {
            one.Give();
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Patience);
        }
        while (one.TryTake());

        await taken.WaitAsync(Patience, TestContext.Current.CancellationToken);
        one.TryTake().ShouldBeFalse();
        two.Give();
        one.TryTake().ShouldBeTrue();
    }

    [Fact]
    public void It_goes_on_when_whoever_has_it_ends()
    {
        using var two = Open();
        using (var one = Open())
            one.TryTake().ShouldBeTrue();
        two.TryTake().ShouldBeTrue();
    }

    [Fact]
    public void A_line_that_does_not_move_keeps_nobody_for_long_and_takes_everyone_in_again_once_it_moves()
    {
        using Turns stopped = Open(), other = Open();
        stopped.TryTake().ShouldBeTrue();

        other.Take();
        other.TryTake().ShouldBeFalse("it goes without");
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < 1000; turn++)
        {
            other.Take();
            other.Give();
        }
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Patience, "it has waited each time");

        stopped.Give();
        while (!other.TryTake())
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Patience);
        stopped.TryTake().ShouldBeFalse();
    }

    [Fact]
    public void One_that_is_closed_while_it_stands_in_line_harms_nobody()
    {
        using Turns one = Open(), two = Open();
        one.TryTake().ShouldBeTrue();
        using (var closed = Open())
            closed.Take();

        one.Give();
        var began = Stopwatch.GetTimestamp();
        while (!two.TryTake())
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Patience);
    }

    [Fact]
    public async Task A_worker_waits_for_its_turn_even_where_the_file_is_free()
    {
        await using var fixture = new SqliteFixture();
        var worker = await fixture.Store.StartAsync();
        using var other = new Turns(new StoreFolder(fixture.Path).Turns);
        other.TryTake().ShouldBeTrue();

        // Its patience has an end, and a machine may stand still for as long: once in some tries it is seen waiting.
        var waited = false;
        for (var tries = 0; tries < 20 && !waited; tries++)
        {
            var exchange = worker.ClaimAsync();
            waited = !exchange.IsCompleted;
            other.Give();
            await exchange;
            while (!other.TryTake())
                await Task.Yield();
        }
        waited.ShouldBeTrue();
    }

    private Turns Open(TimeSpan? patience = null) => new(folder.File("write"), patience);
}
