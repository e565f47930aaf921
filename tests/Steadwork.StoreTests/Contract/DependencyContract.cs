using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A job that comes after others waits until they have succeeded, and does not run at all when one of them does not.</summary>
public abstract class DependencyContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_child_waits_and_may_run_once_its_parent_has_succeeded()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var answer = await Other.EnqueueOneAsync(After(parent));
        answer.State.ShouldBe(JobState.Waiting);
        var worker = await Store.StartAsync();
        var claimed = (await worker.ClaimAsync()).ShouldHaveSingleItem();

        var exchange = await worker.ExchangeAsync([Succeeded(claimed)], max: 10);

        exchange.Claimed.ShouldHaveSingleItem().Id.ShouldBe(answer.Id);
        exchange.Claimed[0].Attempt.ShouldBe(1);
        (await Store.LogKindsAsync(answer.Id)).ShouldBe(["enqueued", "admitted", "claimed"]);
    }

    [Fact]
    public async Task A_child_waits_for_the_last_of_its_parents()
    {
        var parents = await Store.AddAsync(Some.Jobs(3));
        var child = await Store.AddOneAsync(After(parents));
        var worker = await Store.StartAsync();
        foreach (var claimed in await worker.ClaimAsync())
        {
            (await Store.JobAsync(child)).State.ShouldBe(JobState.Waiting);
            await worker.SettleAsync(claimed, Some.Success);
        }

        (await worker.ClaimOneAsync()).Id.ShouldBe(child);
    }

    [Theory]
    [InlineData("fail", "has failed")]
    [InlineData("cancel", "was cancelled")]
    public async Task A_child_is_cancelled_when_a_parent_does_not_succeed_and_so_are_its_own(string end, string reason)
    {
        var parents = await Store.AddAsync(Some.Jobs(2));
        var child = await Store.AddOneAsync(After(parents));
        var grandchild = await Store.AddOneAsync(After(child));
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();

        await worker.SettleAsync(claimed[0], Transitions.ByName[end](Now));

        var (first, second) = (await Store.JobAsync(child), await Store.JobAsync(grandchild));
        (first.State, first.CancelReason, first.FinishedAt).ShouldBe((JobState.Cancelled, $"Job {parents[0]}, which it was to follow, {reason}.", Now));
        (second.State, second.CancelReason).ShouldBe((JobState.Cancelled, $"Job {child}, which it was to follow, was cancelled."));
        await worker.SettleAsync(claimed[1], Some.Success);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.LogKindsAsync(child)).ShouldBe(["enqueued", "cancelled"]);
    }

    [Theory]
    [InlineData("fail")]
    [InlineData("cancel")]
    [InlineData("succeed")]
    public async Task One_that_runs_anyway_waits_for_the_end_of_its_parents_whatever_that_is(string end)
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(After(parent) with { RunsAnyway = true });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        (await worker.ClaimAsync()).ShouldBeEmpty();

        await worker.SettleAsync(claimed, Transitions.ByName[end](Now));

        (await worker.ClaimOneAsync()).Id.ShouldBe(child);
    }

    [Fact]
    public async Task A_parent_that_is_tried_again_keeps_its_children_waiting()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(After(parent));
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));

        (await Store.JobAsync(child)).State.ShouldBe(JobState.Waiting);
        (await worker.ClaimAsync()).ShouldHaveSingleItem().Id.ShouldBe(parent);
    }

    [Fact]
    public async Task A_crash_that_uses_up_the_attempts_of_a_parent_cancels_its_children()
    {
        var parent = await Store.AddOneAsync(Some.Job with { MaxAttempts = 1 });
        var child = await Store.AddOneAsync(After(parent));
        var worker = await Store.StartAsync();
        worker.Marks.Begun((await worker.ClaimOneAsync()).Lease);
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();

        (await Store.JobAsync(parent)).State.ShouldBe(JobState.Failed);
        (await Store.JobAsync(child)).State.ShouldBe(JobState.Cancelled);
    }

    [Theory]
    [InlineData(JobRequest.Cancel, "was cancelled")]
    [InlineData(JobRequest.Delete, "was deleted")]
    public async Task A_parent_that_never_runs_takes_its_children_with_it(JobRequest request, string reason)
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(After(parent));
        var anyway = await Store.AddOneAsync(After(parent) with { RunsAnyway = true });

        (await Other.RequestAsync(request, parent)).ShouldBe(RequestAnswer.Done);

        (await Store.JobAsync(child)).CancelReason.ShouldBe($"Job {parent}, which it was to follow, {reason}.");
        (await Store.JobAsync(anyway)).State.ShouldBe(JobState.Pending);
    }

    [Theory]
    [InlineData(JobState.Succeeded, JobState.Pending)]
    [InlineData(JobState.Failed, JobState.Cancelled)]
    [InlineData(JobState.Cancelled, JobState.Cancelled)]
    public async Task A_child_of_a_parent_that_has_ended_already_fares_as_if_it_had_been_there_before(JobState end, JobState state)
    {
        var parent = await EndOneAsync(end);

        var answer = await Store.EnqueueOneAsync(After(parent));

        answer.State.ShouldBe(state);
        (await Store.JobAsync(answer.Id)).State.ShouldBe(state);
        (await Store.EnqueueOneAsync(After(parent) with { RunsAnyway = true })).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task A_child_of_a_job_that_there_is_not_is_refused_and_nothing_is_stored()
    {
        var before = await Picture.OfAsync(Store);

        var error = await Should.ThrowAsync<ParentMissingException>(Store.EnqueueAsync([Some.Job, After(new JobId(99))], CancellationToken.None));

        error.Missing.ShouldBe(new JobId(99));
        (await Picture.OfAsync(Store)).ShouldBe(before);
    }

    [Fact]
    public async Task Many_that_are_enqueued_at_once_are_not_refused_with_one_that_is()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async turn =>
        {
            try
            {
                return (await (turn % 2 == 0 ? Store : Other).EnqueueOneAsync(turn == 7 ? After(new JobId(999)) : Some.Job)).Existing;
            }
            catch (ParentMissingException)
            {
                return true;
            }
        }));

        answers.Index().Where(answer => answer.Item).Select(answer => answer.Index).ShouldBe([7]);
        (await Store.FindAllAsync()).Count.ShouldBe(19);
    }

    [Fact]
    public async Task A_workflow_is_stored_as_one_and_runs_in_its_order()
    {
        var jobs = await Store.AddAsync(
            Some.Job with { Tags = ["build"] },
            Some.Job with { Tags = ["test"], AfterPlaces = [0] },
            Some.Job with { Tags = ["lint"], AfterPlaces = [0] },
            Some.Job with { Tags = ["deploy"], AfterPlaces = [1, 2] });
        (await Other.CountsAsync()).Waiting.ShouldBe(3);
        var worker = await Store.StartAsync();
        var ran = new List<string>();
        while (await worker.ClaimAsync() is { Count: > 0 } claimed)
        {
            ran.Add(string.Join('+', claimed.Select(job => job.Tags.Single())));
            await worker.ExchangeAsync([.. claimed.Select(Succeeded)]);
        }

        ran.ShouldBe(["build", "test+lint", "deploy"]);
        (await Other.CountsAsync()).Succeeded.ShouldBe(jobs.Length);
    }

    [Fact]
    public async Task A_place_in_a_workflow_may_be_one_whose_unique_key_is_taken()
    {
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "build" });

        var answers = await Store.EnqueueAsync([Some.Job with { UniqueKey = "build" }, Some.Job with { AfterPlaces = [0] }], CancellationToken.None);

        answers[0].ShouldBe(new EnqueuedJob(bearer, Existing: true, JobState.Pending));
        (await ParentsOfAsync(answers[1].Id)).ShouldBe([new Parent(bearer, JobState.Pending, IsDone: false)]);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(answers[1].Id);
    }

    [Fact]
    public async Task A_retried_parent_that_then_succeeds_lets_its_children_run()
    {
        var parent = await EndOneAsync(JobState.Failed, () => Store.AddOneAsync(Some.Job));
        var child = await Store.AddOneAsync(After(parent));
        var grandchild = await Store.AddOneAsync(After(child));
        (await Store.JobAsync(grandchild)).State.ShouldBe(JobState.Cancelled);

        (await Store.RequestAsync(JobRequest.Retry, parent)).ShouldBe(RequestAnswer.Done);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);

        var restored = await worker.ClaimOneAsync();
        restored.Id.ShouldBe(child);
        (await Store.JobAsync(child)).CancelReason.ShouldBeNull();
        await worker.SettleAsync(restored, Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(grandchild);
        (await Store.LogKindsAsync(child)).ShouldBe(["enqueued", "cancelled", "restored", "admitted", "claimed", "succeeded"]);
    }

    [Fact]
    public async Task A_child_goes_on_only_when_none_of_its_parents_stands_failed()
    {
        var parents = new[] { await EndOneAsync(JobState.Failed), await EndOneAsync(JobState.Failed) };
        var child = await Store.AddOneAsync(After(parents));
        var worker = await Store.StartAsync();

        foreach (var (parent, state) in parents.Zip([JobState.Cancelled, JobState.Pending]))
        {
            await Store.RequestAsync(JobRequest.Retry, parent);
            await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
            (await Store.JobAsync(child)).State.ShouldBe(state);
        }
    }

    [Fact]
    public async Task A_child_that_somebody_cancelled_stays_so_when_its_parent_succeeds()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(After(parent));
        await Store.RequestAsync(JobRequest.Cancel, child, "not wanted");
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);

        (await Store.JobAsync(child)).CancelReason.ShouldBe("not wanted");
    }

    [Fact]
    public async Task A_child_is_not_restored_while_another_bears_its_unique_key()
    {
        var parent = await EndOneAsync(JobState.Failed);
        var child = await Store.AddOneAsync(After(parent) with { UniqueKey = "k" });
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "k", Delay = TimeSpan.FromHours(1) });
        await Store.RequestAsync(JobRequest.Retry, parent);
        var worker = await Store.StartAsync();

        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);

        (await Store.JobAsync(child)).State.ShouldBe(JobState.Cancelled);
        (await Store.JobAsync(bearer)).State.ShouldBe(JobState.Pending);
    }

    /// <summary>A deployment of a build that failed.</summary>
    [Fact]
    public async Task A_child_that_is_retried_by_hand_waits_for_its_failed_parent_all_the_same()
    {
        var parent = await EndOneAsync(JobState.Failed);
        var child = await Store.AddOneAsync(After(parent));
        (await Store.RequestAsync(JobRequest.Retry, child)).ShouldBe(RequestAnswer.Done);
        var worker = await Store.StartAsync();

        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(child)).State.ShouldBe(JobState.Waiting);
        await Store.RequestAsync(JobRequest.Retry, parent);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(child);
    }

    [Fact]
    public async Task A_child_may_wait_for_its_time_and_behind_its_key_once_its_parents_have_succeeded()
    {
        var busy = await Store.AddOneAsync(Some.Job with { ExclusiveKey = "env" });
        var parent = await Store.AddOneAsync(Some.Job);
        var later = await Store.AddOneAsync(After(parent) with { Delay = TimeSpan.FromMinutes(1) });
        var keyed = await Store.AddOneAsync(After(parent) with { ExclusiveKey = "env", Priority = 1 });
        var behind = await Store.AddOneAsync(Some.Job with { ExclusiveKey = "env" });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        claimed.Select(job => job.Id).ShouldBe([busy, parent]);

        await worker.SettleAsync(claimed[1], Some.Success);

        (await Store.JobAsync(later)).State.ShouldBe(JobState.Pending);
        (await Store.JobAsync(keyed)).State.ShouldBe(JobState.Waiting);
        await worker.SettleAsync(claimed[0], Some.Success);
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([keyed]);
        Fixture.Clock.Advance(TimeSpan.FromMinutes(2));
        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([later]);
        (await Store.JobAsync(behind)).State.ShouldBe(JobState.Waiting);
    }

    [Fact]
    public async Task Where_a_child_stands_names_its_parents()
    {
        var done = await EndOneAsync(JobState.Succeeded);
        var gone = await Store.AddOneAsync(Some.Job);
        var running = await Store.AddOneAsync(Some.Job with { Priority = 1 });
        var worker = await Store.StartAsync();
        await worker.ClaimOneAsync();
        var child = await Store.AddOneAsync(After(done, gone, running));

        (await ParentsOfAsync(child)).ShouldBe([new Parent(gone, JobState.Pending, false), new Parent(running, JobState.Running, false), new Parent(done, JobState.Succeeded, true)]);
        await Store.RequestAsync(JobRequest.Delete, gone);
        (await ParentsOfAsync(child))[0].ShouldBe(new Parent(gone, null, false));
    }

    [Fact]
    public async Task Hundreds_of_children_and_a_long_chain_all_come_to_their_turn()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        await Store.AddAsync([.. Enumerable.Repeat(After(parent), 1500)]);
        await Store.AddAsync([.. Enumerable.Range(0, 300).Select(place => Some.Job with { Priority = 1, AfterPlaces = place == 0 ? [] : [place - 1] })]);
        var worker = await Store.StartAsync(capacity: 5000);
        var ended = 0;
        while (await worker.ClaimAsync(2000) is { Count: > 0 } claimed)
        {
            await worker.ExchangeAsync([.. claimed.Select(Succeeded)]);
            ended += claimed.Count;
        }

        ended.ShouldBe(1801);
    }

    [Fact]
    public async Task The_failure_of_one_cancels_hundreds_of_children_and_a_long_chain()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        await Store.AddAsync([.. Enumerable.Repeat(After(parent), 1500)]);
        await Store.AddAsync([.. Enumerable.Range(0, 300).Select(place => After(place == 0 ? [parent] : []) with { AfterPlaces = place == 0 ? [] : [place - 1] })]);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error));
        // What is too much for one transaction is left to those that follow.
        for (var turn = 0; turn < 5; turn++)
            await worker.ClaimAsync();

        (await Store.CountsAsync()).ShouldBe(new StateCounts(0, 0, 0, 0, Failed: 1, Cancelled: 1800));
    }

    [Fact]
    public async Task Many_parents_that_end_at_once_on_two_hosts_let_their_child_run()
    {
        for (var round = 0; round < 10; round++)
        {
            var parents = await Store.AddAsync(Some.Jobs(8));
            var child = await Store.AddOneAsync(After(parents));
            var (one, two) = (await Store.StartAsync(), await Other.StartAsync());
            var (ofOne, ofTwo) = (await one.ClaimAsync(4), await two.ClaimAsync(4));

            await Task.WhenAll(ofOne.Select(job => one.SettleAsync(job, Some.Success)).Concat(ofTwo.Select(job => two.SettleAsync(job, Some.Success))));

            var last = await one.ClaimOneAsync();
            last.Id.ShouldBe(child);
            await one.SettleAsync(last, Some.Success);
            await one.EndAsync();
            await two.EndAsync();
        }
    }

    private static NewJob After(params JobId[] parents) => Some.Job with { After = parents };

    private static AttemptEnd Succeeded(ClaimedJob job) => new(job.Id, job.Lease, Some.Success, null);

    private async Task<IReadOnlyList<Parent>> ParentsOfAsync(JobId child) => (await Store.StandingAsync(child, CancellationToken.None))!.Parents;

    private async Task<JobId> EndOneAsync(JobState end, Func<Task<JobId>>? add = null)
    {
        var id = await (add?.Invoke() ?? Store.AddOneAsync(Some.Job with { Priority = 1 }));
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), Transitions.ByName[end switch { JobState.Succeeded => "succeed", JobState.Failed => "fail", _ => "cancel" }](Now));
        await worker.EndAsync();
        return id;
    }
}
