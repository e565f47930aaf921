using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>At most one job bears a unique key, as long as the key's scope says.</summary>
public abstract class UniqueKeyContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob WhileUnfinished = Some.Job with { UniqueKey = "k" };
    private static readonly NewJob WhileKept = WhileUnfinished with { UniqueScope = UniqueScope.WhileKept };

    [Fact]
    public async Task A_taken_key_names_its_bearer_and_stores_nothing()
    {
        var bearer = await Store.AddOneAsync(WhileUnfinished);

        var answer = await Other.EnqueueOneAsync(WhileUnfinished with { Type = "other", Queue = "other" });

        answer.ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending));
        (await Store.FindAllAsync()).Count.ShouldBe(1);
        (await Store.LogAsync()).Count.ShouldBe(1);
        (await Store.StatisticsAsync()).Lanes.Count.ShouldBe(1, "a lane is a queue and type that ever had a job");
    }

    [Fact]
    public async Task Within_one_list_the_first_takes_the_key()
    {
        var answers = await Store.EnqueueAsync([WhileUnfinished, Some.Job, WhileUnfinished], CancellationToken.None);

        answers.Select(answer => answer.Existing).ShouldBe([false, false, true]);
        answers[2].Id.ShouldBe(answers[0].Id);
    }

    [Fact]
    public async Task Different_keys_and_no_keys_do_not_touch_each_other()
    {
        await Store.AddAsync(WhileUnfinished, WhileUnfinished with { UniqueKey = "K" }, Some.Job, Some.Job);

        (await Store.FindAllAsync()).Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_running_job_keeps_its_key()
    {
        await Store.AddAsync(WhileUnfinished);
        await (await Store.StartAsync()).ClaimOneAsync();

        (await Store.EnqueueOneAsync(WhileUnfinished)).State.ShouldBe(JobState.Running);
    }

    [Fact]
    public async Task A_job_that_will_be_retried_keeps_its_key()
    {
        await Store.AddAsync(WhileUnfinished);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(In(60), Some.Error));

        (await Store.EnqueueOneAsync(WhileUnfinished)).Existing.ShouldBeTrue();
    }

    [Theory]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.Cancelled)]
    public async Task The_end_of_its_job_frees_a_key_that_is_taken_while_unfinished(JobState end)
    {
        var first = await EndAsync(WhileUnfinished, end);

        var answer = await Store.EnqueueOneAsync(WhileUnfinished);
        answer.Existing.ShouldBeFalse();
        answer.Id.ShouldNotBe(first);
    }

    [Theory]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.Cancelled)]
    public async Task A_key_that_is_taken_while_kept_outlasts_the_end_of_its_job(JobState end)
    {
        var first = await EndAsync(WhileKept, end);

        (await Store.EnqueueOneAsync(WhileUnfinished)).ShouldBe(new EnqueuedJob(first, Existing: true, end));
        (await Store.EnqueueOneAsync(WhileKept)).ShouldBe(new EnqueuedJob(first, Existing: true, end));
    }

    [Fact]
    public async Task Deleting_a_job_frees_its_key()
    {
        var first = await EndAsync(WhileKept, JobState.Succeeded);
        await Store.RequestAsync(JobRequest.Delete, first);

        (await Store.EnqueueOneAsync(WhileKept)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_key_freed_by_an_end_may_be_taken_for_as_long_as_its_next_job_is_kept()
    {
        await EndAsync(WhileUnfinished, JobState.Failed);

        (await Store.EnqueueOneAsync(WhileKept)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_retry_by_hand_takes_the_key_again()
    {
        var first = await EndAsync(WhileUnfinished, JobState.Failed);
        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.Done);

        (await Store.EnqueueOneAsync(WhileUnfinished)).ShouldBe(new EnqueuedJob(first, Existing: true, JobState.Pending));
    }

    [Fact]
    public async Task A_retry_by_hand_is_refused_while_another_bears_the_key()
    {
        var first = await EndAsync(WhileUnfinished, JobState.Failed);
        await Store.AddAsync(WhileUnfinished);
        var before = await Picture.OfAsync(Store);

        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.KeyTaken);
        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task A_retry_by_hand_is_refused_while_an_ended_one_keeps_the_key()
    {
        var first = await EndAsync(WhileUnfinished, JobState.Failed);
        await EndAsync(WhileKept, JobState.Succeeded);

        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.KeyTaken);
    }

    [Fact]
    public async Task A_job_that_keeps_its_key_may_be_retried_by_hand()
    {
        var first = await EndAsync(WhileKept, JobState.Cancelled);

        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.Done);
    }

    [Fact]
    public async Task Of_many_that_race_for_a_key_one_gets_it()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(turn => (turn % 2 == 0 ? Store : Other).EnqueueOneAsync(WhileUnfinished)));

        answers.Count(answer => !answer.Existing).ShouldBe(1);
        answers.Select(answer => answer.Id).Distinct().Count().ShouldBe(1);
    }

    private async Task<JobId> EndAsync(NewJob job, JobState end)
    {
        var id = await Store.AddOneAsync(job);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        Transition transition = end switch
        {
            JobState.Succeeded => Some.Success,
            JobState.Failed => new Transition.Fail(Some.Error),
            _ => new Transition.Cancel("enough"),
        };
        (await worker.SettleAsync(claimed, transition)).ShouldBeTrue();
        return id;
    }

    [Theory]
    [InlineData(JobState.Pending, 9)]
    [InlineData(JobState.Failed, 9)]
    [InlineData(JobState.Cancelled, 9)]
    [InlineData(JobState.Succeeded, 3)]
    public async Task A_newer_job_can_amend_the_attempts_of_the_bearer(JobState state, int attempts)
    {
        var bearer = state is JobState.Pending ? await Store.AddOneAsync(WhileKept) : await EndAsync(WhileKept, state);

        var answer = await Other.EnqueueOneAsync(WhileKept with { MaxAttempts = 9, WhenTaken = WhenTaken.Amend });

        answer.ShouldBe(new EnqueuedJob(bearer, Existing: true, state));
        (await Store.JobAsync(bearer)).MaxAttempts.ShouldBe(attempts);
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.Amended && entry.Job == bearer).ShouldBe(attempts == 9 ? 1 : 0);
    }

    [Fact]
    public async Task Nothing_is_amended_where_nothing_differs_or_nobody_asks()
    {
        var bearer = await Store.AddOneAsync(WhileKept);

        await Store.EnqueueOneAsync(WhileKept with { WhenTaken = WhenTaken.Amend });
        await Store.EnqueueOneAsync(WhileKept with { MaxAttempts = 9 });

        (await Store.JobAsync(bearer)).MaxAttempts.ShouldBe(3);
        (await Store.LogAsync()).Count.ShouldBe(1);
    }
}
