using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A unique key can stay taken for a time after the enqueueing, also when its job has ended before.</summary>
public abstract class UniqueForContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob Plain = Some.Job with { UniqueKey = "k" };
    private static readonly NewJob ForAMinute = Plain with { UniqueFor = TimeSpan.FromMinutes(1) };

    [Theory]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Failed)]
    [InlineData(JobState.Cancelled)]
    public async Task The_key_is_taken_until_the_time_is_over_whatever_becomes_of_the_job(JobState end)
    {
        var first = await EndAsync(ForAMinute, end);

        Advance(59.999);
        (await Other.EnqueueOneAsync(Plain)).ShouldBe(new EnqueuedJob(first, Existing: true, end));
        Advance(0.001);
        var answer = await Other.EnqueueOneAsync(Plain);

        answer.Existing.ShouldBeFalse("nobody has to sweep for it");
        answer.Id.ShouldNotBe(first);
    }

    [Fact]
    public async Task The_key_is_taken_longer_while_its_job_has_not_ended()
    {
        var first = await Store.AddOneAsync(ForAMinute);
        Advance(3600);

        (await Store.EnqueueOneAsync(ForAMinute)).Id.ShouldBe(first);
    }

    [Fact]
    public async Task The_time_counts_from_the_enqueueing_and_not_from_the_end()
    {
        await Store.AddAsync(ForAMinute);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        Advance(61);
        await worker.SettleAsync(claimed, Some.Success);

        (await Store.EnqueueOneAsync(ForAMinute)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_newer_one_does_not_prolong_it()
    {
        await EndAsync(ForAMinute, JobState.Succeeded);
        Advance(30);
        (await Store.EnqueueOneAsync(ForAMinute)).Existing.ShouldBeTrue();
        Advance(30);

        (await Store.EnqueueOneAsync(ForAMinute)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task One_after_the_other_may_have_the_key()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            await EndAsync(ForAMinute, JobState.Succeeded);
            Advance(60);
        }

        (await Store.CountsAsync()).Succeeded.ShouldBe(3);
    }

    [Fact]
    public async Task Of_many_that_race_for_a_key_when_its_time_is_over_one_gets_it()
    {
        var first = await EndAsync(ForAMinute, JobState.Succeeded);
        Advance(60);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(turn => (turn % 2 == 0 ? Store : Other).EnqueueOneAsync(ForAMinute)));

        answers.Count(answer => !answer.Existing).ShouldBe(1);
        answers.Select(answer => answer.Id).Distinct().ShouldHaveSingleItem().ShouldNotBe(first);
    }

    [Fact]
    public async Task A_retry_by_hand_takes_the_key_again_and_is_refused_while_another_bears_it()
    {
        var first = await EndAsync(ForAMinute, JobState.Failed);
        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.Done, "it bears the key itself");
        await EndAsync(await (await Store.StartAsync()).ClaimOneAsync(), JobState.Failed);
        Advance(60);
        var second = await EndAsync(ForAMinute, JobState.Succeeded);

        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.KeyTaken);
        Advance(60);
        (await Store.RequestAsync(JobRequest.Retry, first)).ShouldBe(RequestAnswer.Done);
        (await Store.EnqueueOneAsync(Plain)).ShouldBe(new EnqueuedJob(first, Existing: true, JobState.Pending));
        second.ShouldNotBe(first);
    }

    [Fact]
    public async Task Deleting_the_job_frees_the_key()
    {
        var first = await EndAsync(ForAMinute, JobState.Succeeded);
        await Store.RequestAsync(JobRequest.Delete, first);

        (await Store.EnqueueOneAsync(Plain)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_clock_that_was_set_back_leaves_one_bearer()
    {
        await EndAsync(ForAMinute, JobState.Failed);
        Advance(60);
        var later = await EndAsync(ForAMinute, JobState.Succeeded);

        Clock.SetUtcNow(In(-60));

        (await Store.EnqueueOneAsync(Plain)).Id.ShouldBe(later);
    }

    private async Task<JobId> EndAsync(NewJob job, JobState end)
    {
        var id = (await Store.EnqueueOneAsync(job)).Id;
        await EndAsync(await (await Store.StartAsync()).ClaimOneAsync(), end);
        return id;
    }

    private async Task EndAsync(ClaimedJob job, JobState end)
    {
        Transition transition = end switch
        {
            JobState.Succeeded => Some.Success,
            JobState.Failed => new Transition.Fail(Some.Error),
            _ => new Transition.Cancel("enough"),
        };
        (await (await Store.StartAsync()).SettleAsync(job, transition)).ShouldBeTrue();
    }
}
