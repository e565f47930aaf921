using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A running job that somebody wants cancelled is told so, and is not put back into its line.</summary>
public abstract class CancellationContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task The_next_heartbeat_tells_of_a_cancellation_asked_for_elsewhere()
    {
        var (worker, job) = await ClaimedAsync();
        worker.Renew().Cancellations.ShouldBeEmpty();

        (await Other.RequestAsync(JobRequest.Cancel, job.Id, "by Ada")).ShouldBe(RequestAnswer.Signalled);

        worker.Renew().Cancellations.ShouldBe([new Cancellation(job.Id, job.Lease, "by Ada")]);
        (await Store.JobAsync(job.Id)).State.ShouldBe(JobState.Running);
    }

    [Fact]
    public async Task It_is_told_until_the_job_has_ended_and_the_first_reason_stands()
    {
        var (worker, job) = await ClaimedAsync();
        await Other.RequestAsync(JobRequest.Cancel, job.Id, "first");
        await Store.RequestAsync(JobRequest.Cancel, job.Id, "second");

        worker.Renew().Cancellations.Single().Reason.ShouldBe("first");
        worker.Renew().Cancellations.Single().Reason.ShouldBe("first");
        await worker.SettleAsync(job, new Transition.Cancel("first"));
        worker.Renew().Cancellations.ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_the_worker_that_runs_the_job_is_told()
    {
        var (first, job) = await ClaimedAsync();
        var second = await Store.StartAsync();
        await Store.RequestAsync(JobRequest.Cancel, job.Id);

        second.Renew().Cancellations.ShouldBeEmpty();
        first.Renew().Cancellations.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("retry later")]
    [InlineData("retry at once")]
    [InlineData("snooze")]
    [InlineData("snooze unstarted")]
    [InlineData("release started")]
    [InlineData("release unstarted")]
    public async Task What_would_run_again_becomes_cancelled(string kind)
    {
        var (worker, job) = await ClaimedAsync();
        await Other.RequestAsync(JobRequest.Cancel, job.Id);

        (await worker.SettleAsync(job, Transitions.ByName[kind](Now))).ShouldBeTrue();

        var ended = await Store.JobAsync(job.Id);
        (ended.State, ended.FinishedAt, ended.Failures).ShouldBe((JobState.Cancelled, Now, 0));
        (await Store.LogKindsAsync(job.Id)).ShouldBe(["enqueued", "claimed", "cancel-requested", "cancelled"]);
        Advance(100);
        (await worker.ClaimAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("succeed", JobState.Succeeded)]
    [InlineData("fail", JobState.Failed)]
    public async Task What_has_ended_before_it_could_be_cancelled_stays_so(string kind, JobState end)
    {
        var (worker, job) = await ClaimedAsync();
        await Other.RequestAsync(JobRequest.Cancel, job.Id);

        await worker.SettleAsync(job, Transitions.ByName[kind](Now));

        (await Store.JobAsync(job.Id)).State.ShouldBe(end);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_is_to_be_cancelled_does_not_survive_its_worker(bool begun)
    {
        var (worker, job) = await ClaimedAsync();
        await Store.RequestAsync(JobRequest.Cancel, job.Id);
        if (begun)
            worker.Marks.Begun(job.Lease);
        Fixture.Kill(worker.Id);

        var recovered = (await Other.RecoverAsync()).Single();

        recovered.Jobs.Single().Transition.ShouldBe(new Transition.Cancel("asked", Started: begun));
        (await Store.JobAsync(job.Id)).State.ShouldBe(JobState.Cancelled);
        (await Store.AttemptsAsync(job.Id, CancellationToken.None)).Count.ShouldBe(begun ? 1 : 0);
    }

    [Fact]
    public async Task A_wish_to_cancel_does_not_outlive_a_retry_by_hand()
    {
        var (worker, job) = await ClaimedAsync();
        await Store.RequestAsync(JobRequest.Cancel, job.Id);
        await worker.SettleAsync(job, new Transition.Cancel("asked"));
        await Store.RequestAsync(JobRequest.Retry, job.Id);

        var again = await worker.ClaimOneAsync();

        worker.Renew().Cancellations.ShouldBeEmpty();
        await worker.SettleAsync(again, new Transition.Retry(In(1), Some.Error));
        (await Store.JobAsync(job.Id)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task A_wish_that_came_too_late_does_not_outlive_a_retry_by_hand()
    {
        var (worker, job) = await ClaimedAsync();
        await Store.RequestAsync(JobRequest.Cancel, job.Id);
        await worker.SettleAsync(job, new Transition.Fail(Some.Error));
        await Store.RequestAsync(JobRequest.Retry, job.Id);

        await worker.ClaimOneAsync();

        worker.Renew().Cancellations.ShouldBeEmpty();
    }

    private async Task<(TestWorker Worker, ClaimedJob Job)> ClaimedAsync()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        return (worker, await worker.ClaimOneAsync());
    }
}
