using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Every request in every state: cancel, retry, delete.</summary>
public abstract class RequestContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Theory]
    [InlineData(JobState.Pending, JobRequest.Cancel, RequestAnswer.Done)]
    [InlineData(JobState.Waiting, JobRequest.Cancel, RequestAnswer.Done)]
    [InlineData(JobState.Running, JobRequest.Cancel, RequestAnswer.Signalled)]
    [InlineData(JobState.Succeeded, JobRequest.Cancel, RequestAnswer.Refused)]
    [InlineData(JobState.Failed, JobRequest.Cancel, RequestAnswer.Refused)]
    [InlineData(JobState.Cancelled, JobRequest.Cancel, RequestAnswer.Refused)]
    [InlineData(JobState.Pending, JobRequest.Retry, RequestAnswer.Refused)]
    [InlineData(JobState.Waiting, JobRequest.Retry, RequestAnswer.Refused)]
    [InlineData(JobState.Running, JobRequest.Retry, RequestAnswer.Refused)]
    [InlineData(JobState.Succeeded, JobRequest.Retry, RequestAnswer.Refused)]
    [InlineData(JobState.Failed, JobRequest.Retry, RequestAnswer.Done)]
    [InlineData(JobState.Cancelled, JobRequest.Retry, RequestAnswer.Done)]
    [InlineData(JobState.Pending, JobRequest.Delete, RequestAnswer.Done)]
    [InlineData(JobState.Waiting, JobRequest.Delete, RequestAnswer.Done)]
    [InlineData(JobState.Running, JobRequest.Delete, RequestAnswer.Refused)]
    [InlineData(JobState.Succeeded, JobRequest.Delete, RequestAnswer.Done)]
    [InlineData(JobState.Failed, JobRequest.Delete, RequestAnswer.Done)]
    [InlineData(JobState.Cancelled, JobRequest.Delete, RequestAnswer.Done)]
    public async Task A_request_does_what_the_state_allows(JobState state, JobRequest request, RequestAnswer expected)
    {
        var (_, claimed) = await JobInState.BringAsync(Fixture, state);
        var before = await Picture.OfAsync(Store);
        var entries = (await Store.LogAsync()).Count;
        Advance(5);

        (await Other.RequestAsync(request, claimed.Id)).ShouldBe(expected);

        if (expected is RequestAnswer.Refused)
            (await Picture.OfAsync(Store)).ShouldBe(before);
        else if (expected is RequestAnswer.Signalled)
            await IsLogged(entries, "cancel-requested", claimed.Id);
        else if (request is JobRequest.Cancel)
            await IsCancelled(entries, claimed.Id);
        else if (request is JobRequest.Retry)
            await IsAsGoodAsNew(entries, claimed.Id);
        else
            await IsGone(entries, claimed.Id);
    }

    [Fact]
    public async Task A_job_that_nobody_knows_is_not_found()
    {
        foreach (var request in Enum.GetValues<JobRequest>())
            (await Store.RequestAsync(request, new JobId(4711))).ShouldBe(RequestAnswer.NotFound);
        (await Store.LogAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Many_jobs_are_answered_in_order()
    {
        var ids = await Store.AddAsync(Some.Jobs(3));
        await Store.RequestAsync(JobRequest.Cancel, ids[1]);

        var answers = await Store.RequestAsync([ids[2], ids[1], new JobId(99), ids[0], ids[2]], JobRequest.Cancel, "asked", CancellationToken.None);

        answers.ShouldBe([RequestAnswer.Done, RequestAnswer.Refused, RequestAnswer.NotFound, RequestAnswer.Done, RequestAnswer.Refused]);
    }

    [Fact]
    public async Task A_job_retried_by_hand_has_all_its_attempts_before_it_and_its_history_behind_it()
    {
        var id = await Store.AddOneAsync(Some.Job with { MaxAttempts = 2 });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error));
        await Store.RequestAsync(JobRequest.Retry, id);

        var claimed = await worker.ClaimOneAsync();

        (claimed.Attempt, claimed.Failures, claimed.MaxAttempts).ShouldBe((3, 0, 2));
        (await Store.AttemptsAsync(id)).Select(attempt => (attempt.Number, attempt.Outcome))
            .ShouldBe([(1, "failed"), (2, "failed"), (3, "running")]);
    }

    [Fact]
    public async Task A_job_that_waited_for_a_later_time_runs_at_once_when_retried_by_hand()
    {
        var id = await Store.AddOneAsync(Some.Job with { Delay = TimeSpan.FromHours(1) });
        await Store.RequestAsync(JobRequest.Cancel, id);
        await Store.RequestAsync(JobRequest.Retry, id);

        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(id);
    }

    [Fact]
    public async Task A_deleted_job_takes_its_history_with_it()
    {
        var (_, claimed) = await JobInState.BringAsync(Fixture, JobState.Failed);
        (await Store.AttemptsAsync(claimed.Id)).Count.ShouldBe(2);

        await Store.RequestAsync(JobRequest.Delete, claimed.Id);

        (await Store.AttemptsAsync(claimed.Id)).ShouldBeEmpty();
    }

    private async Task IsCancelled(int entries, JobId id)
    {
        var job = await Store.JobAsync(id);
        (job.State, job.FinishedAt, job.StartedAt, job.Worker, job.Attempt).ShouldBe((JobState.Cancelled, Now, null, null, 1));
        (await Store.CountsAsync()).ShouldBe(new StateCounts(0, 0, 0, 0, 0, 1));
        (await (await Store.StartAsync()).ClaimAsync()).ShouldBeEmpty();
        await IsLogged(entries, "cancelled", id);
    }

    private async Task IsAsGoodAsNew(int entries, JobId id)
    {
        var job = await Store.JobAsync(id);
        (job.State, job.RunAt, job.Failures, job.Alone).ShouldBe((JobState.Pending, Now, 0, false));
        (job.StartedAt, job.FinishedAt, job.Worker, job.LastError, job.CancelReason).ShouldBe((null, null, null, null, null));
        job.Result.IsEmpty.ShouldBeTrue();
        (await Store.CountsAsync()).ShouldBe(new StateCounts(1, 0, 0, 0, 0, 0));
        await IsLogged(entries, "retried", id);
    }

    private async Task IsGone(int entries, JobId id)
    {
        (await Store.FindAllAsync()).ShouldBeEmpty();
        (await Store.CountsAsync()).ShouldBe(default);
        (await (await Store.StartAsync()).ClaimAsync()).ShouldBeEmpty();
        await IsLogged(entries, "deleted", id);
    }

    private async Task IsLogged(int entries, string kind, JobId id)
    {
        var entry = (await Store.LogAsync())[entries];
        (entry.Kind, entry.Job, entry.Lease, entry.Worker, entry.At).ShouldBe((kind, id, null, null, Now));
    }

    [Fact]
    public async Task A_request_to_many_meets_every_job_that_is_picked_and_allows_it()
    {
        var other = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "b" }, 3)]);
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "a" }, 450)]);
        await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { Queue = "a", ExclusiveKey = "k" }, 2)]);
        var running = await (await Store.StartAsync(["a"])).ClaimOneAsync();
        var inA = new JobQuery { Queue = "a" };

        (await Store.RequestManyAsync(JobRequest.Cancel, inA, "all of a", CancellationToken.None)).ShouldBe(new RequestCounts(451, 1, 0));
        (await Store.JobAsync(running.Id)).CancelReason.ShouldBe("all of a");
        (await Store.FindAsync(new JobQuery { Ids = other })).ShouldAllBe(job => job.State == JobState.Pending);
        (await Store.RequestManyAsync(JobRequest.Retry, inA with { State = JobState.Pending }, "none", CancellationToken.None)).ShouldBe(default);
        (await Store.RequestManyAsync(JobRequest.Retry, inA, "again", CancellationToken.None)).ShouldBe(new RequestCounts(451, 0, 0));
        (await Store.RequestManyAsync(JobRequest.Delete, inA with { State = JobState.Running }, "not that", CancellationToken.None)).ShouldBe(new RequestCounts(0, 0, 1));
        (await Store.RequestManyAsync(JobRequest.Delete, inA, "away", CancellationToken.None)).ShouldBe(new RequestCounts(451, 0, 0));
        (await Store.FindAllAsync()).Select(job => job.Id).ShouldBe([running.Id, .. other], ignoreOrder: true);
    }
}
