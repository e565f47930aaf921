using System.Collections.Concurrent;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>No more jobs with an exclusive key run at once than it allows, on whatever worker; the others come to their turn.</summary>
public abstract class ExclusiveKeyContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob Keyed = Some.Job with { ExclusiveKey = "env:prod" };
    private static readonly NewJob ByTwo = Keyed with { ExclusiveLimit = 2 };

    [Fact]
    public async Task The_first_may_run_and_the_others_wait()
    {
        var answers = await Store.EnqueueAsync([Keyed, Keyed, Keyed], CancellationToken.None);

        answers.Select(answer => answer.State).ShouldBe([JobState.Pending, JobState.Waiting, JobState.Waiting]);
        var counts = await Other.CountsAsync();
        (counts.Pending, counts.Waiting).ShouldBe((1, 2));
        var job = await Other.JobAsync(answers[1].Id);
        (job.ExclusiveKey, job.ExclusiveLimit, job.State).ShouldBe(("env:prod", 1, JobState.Waiting));
    }

    [Fact]
    public async Task Of_two_workers_one_gets_a_job_and_the_other_goes_on_past_it()
    {
        var first = await Store.AddOneAsync(Keyed);
        await Store.AddAsync(Keyed, Keyed);
        var free = await Store.AddOneAsync(Some.Job);
        var elsewhere = await Store.AddOneAsync(Keyed with { ExclusiveKey = "env:test" });
        var (one, two) = (await Store.StartAsync(), await Other.StartAsync());

        (await one.ClaimOneAsync()).Id.ShouldBe(first);

        (await two.ClaimAsync()).Select(job => job.Id).ShouldBe([free, elsewhere]);
        (await one.ClaimAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("succeed")]
    [InlineData("fail")]
    [InlineData("cancel")]
    public async Task The_end_of_one_lets_the_next_begin_in_the_same_exchange(string end)
    {
        var jobs = await Store.AddAsync(Keyed, Keyed, Keyed);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();

        var exchange = await worker.ExchangeAsync([new AttemptEnd(first.Id, first.Lease, Transitions.ByName[end](Now), null)], max: 10);

        exchange.Claimed.Select(job => job.Id).ShouldBe([jobs[1]]);
        (await Store.LogKindsAsync(jobs[1])).ShouldBe(["enqueued", "admitted", "claimed"]);
        (await Store.JobAsync(jobs[2])).State.ShouldBe(JobState.Waiting);
    }

    [Fact]
    public async Task Whoever_listens_hears_of_a_turn_that_has_come()
    {
        await Store.AddAsync(Keyed, Keyed);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = Other.Listen(WakeUp.Jobs, _ => heard.TrySetResult());

        await worker.SettleAsync(first, Some.Success);

        await heard.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task They_come_to_their_turn_by_priority_and_then_by_age()
    {
        var running = await Store.AddOneAsync(Keyed);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        job.Id.ShouldBe(running);
        var late = await Store.AddOneAsync(Keyed with { Priority = 200 });
        var second = await Store.AddOneAsync(Keyed);
        var third = await Store.AddOneAsync(Keyed);
        var urgent = await Store.AddOneAsync(Keyed with { Priority = 1 });

        var order = new List<JobId>();
        for (var turn = 0; turn < 4; turn++)
        {
            await worker.SettleAsync(job, Some.Success);
            job = await worker.ClaimOneAsync();
            order.Add(job.Id);
        }

        order.ShouldBe([urgent, second, third, late]);
    }

    [Fact]
    public async Task Whoever_comes_alone_has_a_free_place_at_once_and_of_several_that_come_together_the_first_by_priority()
    {
        (await Store.EnqueueOneAsync(Keyed with { ExclusiveKey = "alone" })).State.ShouldBe(JobState.Pending);
        (await Store.EnqueueOneAsync(Keyed with { ExclusiveKey = "alone" })).State.ShouldBe(JobState.Waiting);

        var together = await Store.EnqueueAsync([Keyed with { Priority = 200 }, Keyed with { Priority = 1 }, Keyed with { ExclusiveKey = "other" }], CancellationToken.None);

        together.Select(job => job.State).ShouldBe([JobState.Waiting, JobState.Pending, JobState.Pending]);
    }

    [Fact]
    public async Task Who_comes_first_goes_by_the_whole_list_even_if_a_unique_key_stands_in_it_twice()
    {
        var answers = await Store.EnqueueAsync([Keyed with { Priority = 200, UniqueKey = "u" }, Some.Job with { UniqueKey = "u" }, Keyed with { Priority = 1 }], CancellationToken.None);

        answers.Select(job => job.State).ShouldBe([JobState.Waiting, JobState.Waiting, JobState.Pending]);
        answers[1].Id.ShouldBe(answers[0].Id);
    }

    [Fact]
    public async Task Who_comes_first_goes_by_what_a_list_replaces_as_well()
    {
        var urgent = await Store.AddOneAsync(Keyed with { Priority = 1, UniqueKey = "u", Delay = TimeSpan.FromHours(1) });

        var answers = await Store.EnqueueAsync([Keyed with { Priority = 200 }, Some.Job with { UniqueKey = "u", WhenTaken = WhenTaken.ReplaceTime }], CancellationToken.None);

        answers.Select(job => job.State).ShouldBe([JobState.Waiting, JobState.Pending]);
        answers[1].Id.ShouldBe(urgent);
    }

    [Fact]
    public async Task A_limit_lets_so_many_run()
    {
        var jobs = await Store.AddAsync(ByTwo, ByTwo, ByTwo, ByTwo);
        var (one, two) = (await Store.StartAsync(), await Other.StartAsync());

        var first = await one.ClaimOneAsync();
        (await two.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[1]]);
        (await one.ClaimAsync()).ShouldBeEmpty();

        await one.SettleAsync(first, Some.Success);
        (await two.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[2]]);
    }

    [Fact]
    public async Task Each_goes_by_its_own_limit_and_none_overtakes_one_that_must_wait()
    {
        var jobs = await Store.AddAsync(ByTwo, Keyed, ByTwo);

        (await StatesAsync(jobs)).ShouldBe([JobState.Pending, JobState.Waiting, JobState.Waiting]);
        await Store.RequestAsync(JobRequest.Cancel, jobs[1]);
        (await StatesAsync(jobs)).ShouldBe([JobState.Pending, JobState.Cancelled, JobState.Pending]);
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("snooze")]
    public async Task At_a_limit_of_one_nobody_passes_a_job_that_runs_again_later(string later)
    {
        var jobs = await Store.AddAsync(Keyed, Keyed);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        await worker.SettleAsync(first, Later(later));

        (await worker.ClaimAsync()).ShouldBeEmpty();
        Advance(60);
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[0]]);
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("snooze")]
    public async Task At_a_higher_limit_others_use_the_place_of_a_job_that_runs_again_later(string later)
    {
        var jobs = await Store.AddAsync(ByTwo, ByTwo, ByTwo);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        await worker.SettleAsync(claimed[0], Later(later));

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[2]]);
        Advance(60);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(jobs[0])).State.ShouldBe(JobState.Waiting);
        await worker.SettleAsync(claimed[1], Some.Success);
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[0]]);
    }

    [Fact]
    public async Task A_job_that_is_given_back_goes_on_first()
    {
        var jobs = await Store.AddAsync(Keyed with { Priority = 200 }, Keyed with { Priority = 200 });
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        await Store.AddAsync(Keyed with { Priority = 1 });
        await worker.SettleAsync(first, new Transition.Release(Started: true));

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[0]]);
    }

    [Fact]
    public async Task A_delayed_job_takes_no_place_before_its_time()
    {
        var delayed = await Store.AddOneAsync(Keyed with { Delay = TimeSpan.FromSeconds(30) });
        var prompt = await Store.AddOneAsync(Keyed with { Priority = 200 });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        claimed.Id.ShouldBe(prompt);

        Advance(30);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(delayed)).State.ShouldBe(JobState.Waiting);
        await worker.SettleAsync(claimed, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(delayed);
    }

    [Theory]
    [InlineData(JobRequest.Cancel)]
    [InlineData(JobRequest.Delete)]
    public async Task A_job_that_is_taken_out_of_the_line_frees_its_place(JobRequest request)
    {
        var jobs = await Store.AddAsync(Keyed, Keyed, Keyed);

        await Store.RequestAsync(request, jobs[1]);
        (await Store.JobAsync(jobs[2])).State.ShouldBe(JobState.Waiting);
        await Store.RequestAsync(request, jobs[0]);

        (await Store.JobAsync(jobs[2])).State.ShouldBe(JobState.Pending);
        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(jobs[2]);
    }

    [Fact]
    public async Task A_retry_by_hand_waits_for_its_turn()
    {
        var jobs = await Store.AddAsync(Keyed, Keyed);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error));
        var second = await worker.ClaimOneAsync();

        (await Store.RequestAsync(JobRequest.Retry, jobs[0])).ShouldBe(RequestAnswer.Done);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await worker.SettleAsync(second, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(jobs[0]);
    }

    [Fact]
    public async Task The_jobs_of_a_dead_worker_keep_their_places()
    {
        var jobs = await Store.AddAsync(Keyed, Keyed);
        var dead = await Store.StartAsync();
        var first = await dead.ClaimOneAsync();
        var worker = await Other.StartAsync();
        Fixture.Kill(dead.Id);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await Other.RecoverAsync();

        var again = await worker.ClaimOneAsync();
        again.Id.ShouldBe(jobs[0]);
        (await dead.SettleAsync(first, Some.Success)).ShouldBeFalse();
        (await worker.ClaimAsync()).ShouldBeEmpty("a late end must not free a place that another holds");
        await worker.SettleAsync(again, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(jobs[1]);
    }

    [Fact]
    public async Task A_poison_job_ends_and_frees_its_place()
    {
        var jobs = await Store.AddAsync(Keyed with { MaxAttempts = 1 }, Keyed);
        var dead = await Store.StartAsync();
        dead.Marks.Begun((await dead.ClaimOneAsync()).Lease);
        Fixture.Kill(dead.Id);
        await Other.RecoverAsync();

        (await Store.JobAsync(jobs[0])).State.ShouldBe(JobState.Failed);
        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(jobs[1]);
    }

    [Fact]
    public async Task A_unique_key_beside_it_is_another_thing()
    {
        var both = Keyed with { UniqueKey = "env:prod" };
        var answers = await Store.EnqueueAsync([both, both, Keyed], CancellationToken.None);

        answers.Select(answer => answer.Existing).ShouldBe([false, true, false]);
        (await StatesAsync(answers[0].Id, answers[2].Id)).ShouldBe([JobState.Pending, JobState.Waiting]);
    }

    [Fact]
    public async Task Keys_are_told_apart_by_every_character()
    {
        var answers = await Store.EnqueueAsync([.. new[] { "k", "K", "k ü", "k u", "漢" }.Select(key => Keyed with { ExclusiveKey = key })], CancellationToken.None);

        answers.ShouldAllBe(answer => answer.State == JobState.Pending);
    }

    [Fact]
    public async Task Many_workers_in_two_processes_never_run_two_at_once()
    {
        const int Workers = 12, Jobs = 240, Keys = 8;
        NewJob[] jobs = [.. Enumerable.Range(0, Jobs).Select(number => Keyed with { ExclusiveKey = $"k{number % Keys}", ExclusiveLimit = 1 + number % Keys % 2 })];
        var running = new ConcurrentDictionary<string, int>();
        var (left, together) = (Jobs, 0);

        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async number =>
        {
            await Task.Yield();
            var store = number % 2 == 0 ? Store : Other;
            await store.AddAsync(jobs[(number * Jobs / Workers)..((number + 1) * Jobs / Workers)]);
            var worker = await store.StartAsync();
            while (Volatile.Read(ref left) > 0)
            {
                await Task.Yield();
                foreach (var claimed in await worker.ClaimAsync(max: 3))
                {
                    var job = await store.JobAsync(claimed.Id);
                    if (running.AddOrUpdate(job.ExclusiveKey!, 1, (_, count) => count + 1) > job.ExclusiveLimit)
                        Interlocked.Increment(ref together);
                    await Task.Yield();
                    running.AddOrUpdate(job.ExclusiveKey!, 0, (_, count) => count - 1);
                    (await worker.SettleAsync(claimed, Some.Success)).ShouldBeTrue();
                    Interlocked.Decrement(ref left);
                }
            }
        }));

        together.ShouldBe(0);
        (await Store.CountsAsync()).Succeeded.ShouldBe(Jobs);
    }

    private Transition Later(string how) => how == "retry" ? new Transition.Retry(In(60), Some.Error) : new Transition.Snooze(In(60));

    private async Task<List<JobState>> StatesAsync(params JobId[] jobs) =>
        [.. (await Store.FindAsync(new JobQuery { Ids = jobs })).Select(job => job.State)];
}
