using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>No job of a paused queue or type is claimed; all else goes on.</summary>
public abstract class PauseContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Theory]
    [InlineData(PauseScope.Queue, "a")]
    [InlineData(PauseScope.Type, "x")]
    public async Task What_is_paused_is_not_claimed_by_anybody_and_all_else_is(PauseScope scope, string name)
    {
        var jobs = await Store.AddAsync(In("a", "x"), In("b", "y"));
        var (one, two) = (await StartAsync(Store), await StartAsync(Other));
        (await Store.PauseAsync(scope, name, "somebody", CancellationToken.None)).ShouldBeTrue();

        (await two.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[1]]);
        (await one.ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(jobs[0])).State.ShouldBe(JobState.Pending);

        (await Other.ResumeAsync(scope, name, "somebody", CancellationToken.None)).ShouldBeTrue();
        (await one.ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[0]]);
    }

    [Fact]
    public async Task A_queue_and_a_type_of_one_name_are_two_things()
    {
        var jobs = await Store.AddAsync(In("a", "x"), In("x", "y"));
        await Store.PauseAsync(PauseScope.Type, "x", "somebody", CancellationToken.None);

        (await (await StartAsync(Store)).ClaimAsync()).Select(job => job.Id).ShouldBe([jobs[1]]);
    }

    [Fact]
    public async Task It_takes_both_to_go_on_for_a_job_whose_queue_and_type_are_paused()
    {
        await Store.AddAsync(In("a", "x"));
        var worker = await StartAsync(Store);
        await Store.PauseAsync(PauseScope.Queue, "a", "one", CancellationToken.None);
        await Store.PauseAsync(PauseScope.Type, "x", "two", CancellationToken.None);

        await Store.ResumeAsync(PauseScope.Queue, "a", "one", CancellationToken.None);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        await Store.ResumeAsync(PauseScope.Type, "x", "two", CancellationToken.None);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_runs_goes_on_and_its_retry_waits()
    {
        await Store.AddAsync(In("a", "x"));
        var worker = await StartAsync(Store);
        var job = await worker.ClaimOneAsync();
        await Store.PauseAsync(PauseScope.Queue, "a", "somebody", CancellationToken.None);

        (await worker.SettleAsync(job, new Transition.Retry(Now, Some.Error))).ShouldBeTrue();
        (await worker.ClaimAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task It_is_shown_since_when_and_by_whom_and_survives_being_said_twice()
    {
        (await Store.PauseAsync(PauseScope.Queue, "never used", "the first", CancellationToken.None)).ShouldBeTrue();
        var since = Now;
        Advance(5);
        (await Other.PauseAsync(PauseScope.Queue, "never used", "the second", CancellationToken.None)).ShouldBeFalse();

        (await Other.StatisticsAsync()).Pauses.ShouldBe([new Pause(PauseScope.Queue, "never used", since, "the first")]);
        (await Store.ResumeAsync(PauseScope.Queue, "never used", "the third", CancellationToken.None)).ShouldBeTrue();
        (await Store.ResumeAsync(PauseScope.Queue, "never used", "the third", CancellationToken.None)).ShouldBeFalse();
        (await Other.StatisticsAsync()).Pauses.ShouldBeEmpty();
        (await Store.LogAsync()).Select(entry => (entry.Kind, Some.Text(entry.Data))).ShouldBe([
            ("paused", """{"queue":"never used","by":"the first"}"""),
            ("resumed", """{"queue":"never used","by":"the third"}""")]);
    }

    [Fact]
    public async Task Whoever_listens_hears_that_it_goes_on()
    {
        await Store.PauseAsync(PauseScope.Queue, "a", "somebody", CancellationToken.None);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = Other.Listen(WakeUp.Jobs, _ => heard.TrySetResult());

        await Store.ResumeAsync(PauseScope.Queue, "a", "somebody", CancellationToken.None);

        await heard.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static NewJob In(string queue, string type) => Some.Job with { Queue = queue, Type = type };

    private static Task<TestWorker> StartAsync(IStore store) => store.StartAsync(["a", "b", "x"], ["x", "y"]);
}
