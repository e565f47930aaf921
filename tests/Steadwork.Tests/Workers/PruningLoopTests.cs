using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.Copying;
using Steadwork.Storage.InMemory;
using Steadwork.Testing;
using Steadwork.Workers;
using Steadwork.Workers.Pruning;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>When the loop prunes, from where, and how long it leaves the store alone between steps. No test waits: the loop says how long it would.</summary>
public sealed class PruningLoopTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime clock = new();
    private readonly LineLog lines = new();
    private readonly List<PruneMark> begun = [];
    private readonly List<RetentionRules> asked = [];
    private readonly List<int> sizes = [];
    private readonly Queue<Pruned> answers = new();

    [Fact]
    public void It_begins_at_a_random_time_of_its_first_minute()
    {
        var loop = Loop(chance: 0.25);

        loop.Prune().ShouldBe(Minute * 0.25);
        begun.ShouldBeEmpty();
        loop.Prune();
        begun.ShouldBe([default]);
    }

    [Fact]
    public void Each_step_goes_on_where_the_last_one_came_to_and_so_does_the_next_pass()
    {
        var loop = Loop();
        loop.Prune();
        answers.Enqueue(Step(jobs: 200, reached: 300));
        answers.Enqueue(Step(jobs: 20, reached: 500, isOver: true));

        loop.Prune();
        loop.Prune().ShouldBe(Minute);
        clock.Advance(Minute);
        loop.Prune();

        begun.ShouldBe([default, Mark(300), Mark(500)]);
        lines.All.ShouldBe([(25, "Pruned 220 jobs whose time was up, with 220 attempts, and 0 entries of the log")]);
    }

    [Fact]
    public void Once_an_hour_it_begins_with_the_oldest_again()
    {
        var loop = Loop();
        loop.Prune();
        for (var pass = 0; pass <= 60; pass++)
        {
            answers.Enqueue(Step(jobs: 0, reached: 100 + pass, isOver: true));
            loop.Prune();
            clock.Advance(Minute);
        }
        loop.Prune();

        begun.Index().Where(pass => pass.Item == default).Select(pass => pass.Index).ShouldBe([0, 61]);
    }

    [Fact]
    public void How_large_its_steps_are_and_how_long_it_rests_is_for_the_store_to_say()
    {
        var loop = Loop(onPrune: () => clock.Advance(TimeSpan.FromMilliseconds(70)), pace: new PrunePace(2000, 1));
        loop.Prune();
        answers.Enqueue(Step(jobs: 2000, reached: 2000));

        loop.Prune().ShouldBe(TimeSpan.FromMilliseconds(70));
        sizes.ShouldBe([2000]);
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(3, 20)]
    [InlineData(30, 120)]
    [InlineData(2000, 8000)]
    public void Between_steps_it_leaves_the_store_alone_four_times_as_long_as_a_step_took(int took, int rest)
    {
        var loop = Loop(onPrune: () => clock.Advance(TimeSpan.FromMilliseconds(took)));
        loop.Prune();
        answers.Enqueue(Step(jobs: 200, reached: 300));

        loop.Prune().ShouldBe(TimeSpan.FromMilliseconds(rest));
    }

    [Theory]
    [InlineData(0, 45)]
    [InlineData(0.5, 60)]
    [InlineData(1, 75)]
    public void Passes_are_about_a_minute_apart(double chance, int seconds)
    {
        var loop = Loop(chance);
        loop.Prune();
        loop.Prune().ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public async Task What_is_set_meanwhile_counts_from_the_next_step_on_and_from_the_oldest_job()
    {
        await using var store = new InMemoryStore(clock);
        var loop = Loop(store: store);
        loop.Prune();
        answers.Enqueue(Step(jobs: 200, reached: 300));
        answers.Enqueue(Step(jobs: 200, reached: 400));
        answers.Enqueue(Step(jobs: 200, reached: 200));
        loop.Prune();
        await store.SetRetentionAsync(new RetentionRules([new(Minute)], Minute), "another program", TestContext.Current.CancellationToken);
        loop.Prune();
        loop.Prune();

        begun.ShouldBe([default, default, Mark(400)]);
        asked.Select(rules => rules.Log).ShouldBe([TimeSpan.FromDays(30), Minute, Minute]);
    }

    [Fact]
    public void It_leaves_a_retired_store_alone()
    {
        var loop = Loop(onPrune: () => throw new StoreRetiredException("here", new Retirement("there", Copied: true)));
        loop.Prune();

        loop.Prune().ShouldBe(Minute);
        lines.All.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_store_that_is_never_touched_otherwise_comes_down_to_what_is_to_be_kept()
    {
        await using var store = new InMemoryStore(clock);
        await EndAsync(store, 1000);
        clock.Advance(TimeSpan.FromDays(6));
        await EndAsync(store, 10);
        clock.Advance(TimeSpan.FromDays(1));
        var loop = new PruningLoop(store, clock, () => 0.5, lines);
        loop.Prune();

        var steps = 0;
        while (loop.Prune() < Minute)
            steps++;

        steps.ShouldBe(5);
        (await store.StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.Single().Counts.Succeeded.ShouldBe(10);
        clock.Advance(TimeSpan.FromDays(6));
        loop.Prune();
        (await store.StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.Single().Counts.Succeeded.ShouldBe(0);
    }

    [Fact]
    public async Task Every_worker_prunes_by_the_retention_of_the_store()
    {
        await using var bench = new Workbench();
        RetentionRules? seen = null;
        var asked = new TaskCompletionSource();
        bench.Front = StoreFront.Of(bench.Store, (method, arguments, pass) =>
        {
            if (method == nameof(IJobStore.PruneAsync))
            {
                seen = (RetentionRules)arguments[0]!;
                asked.TrySetResult();
            }
            return pass();
        });
        bench.Handle("work", _ => Task.CompletedTask);
        var options = new RetentionOptions();
        options.Queue("imports", TimeSpan.FromHours(1));
        await bench.Store.SetRetentionAsync(options.ToRules(), "another program", TestContext.Current.CancellationToken);
        var worker = await bench.StartAsync();

        worker.PruneNow();

        await asked.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        seen!.Keep("imports", "any", JobState.Failed, isDefined: true).ShouldBe(TimeSpan.FromHours(1));
        seen.Keep("others", "any", JobState.Failed, isDefined: false).ShouldBe(TimeSpan.FromDays(30));
    }

    private static PruneMark Mark(long job) => new(new JobId(job), 0);

    private static Pruned Step(int jobs, long reached, bool isOver = false) => new(jobs, jobs, 0, Mark(reached), isOver);

    private PruningLoop Loop(double chance = 0.5, Action? onPrune = null, InMemoryStore? store = null, PrunePace? pace = null)
    {
        var front = StoreFront.Of(store ?? new InMemoryStore(clock), (method, arguments, pass) =>
        {
            if (method == $"get_{nameof(IJobStore.PrunePace)}" && pace is not null)
                return pace;
            if (method != nameof(IJobStore.PruneAsync))
                return pass();
            asked.Add((RetentionRules)arguments[0]!);
            begun.Add((PruneMark)arguments[1]!);
            sizes.Add((int)arguments[2]!);
            onPrune?.Invoke();
            return Task.FromResult(answers.TryDequeue(out var answer) ? answer : Step(0, 0, isOver: true));
        });
        return new PruningLoop(front, clock, () => chance, lines);
    }

    private static async Task EndAsync(InMemoryStore store, int count)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await store.EnqueueAsync([.. Enumerable.Repeat(new NewJob { Type = "work", Payload = "{}"u8.ToArray() }, count)], cancellation);
        var worker = await store.StartWorkerAsync(new WorkerStart("w", [Defaults.Queue], ["work"], count, TimeSpan.FromSeconds(30)), cancellation);
        var claimed = (await store.ExchangeAsync(worker.Id, [], new ClaimRequest([Defaults.Queue], ["work"], count, 0), cancellation)).Claimed;
        await store.ExchangeAsync(worker.Id, [.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, new Transition.Succeed(default(ReadOnlyMemory<byte>)), null))], null, cancellation);
    }
}
