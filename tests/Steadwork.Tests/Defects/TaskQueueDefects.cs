using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Storage;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Defects;

/// <summary>What goes wrong in task queues that people write by hand, as far as it concerns claims, keys, retries and recovery; each shown not to go wrong here.</summary>
public sealed class TaskQueueDefects() : TwoProcesses("task")
{
    private sealed record Task1(int Number);

    [Fact]
    public async Task Weighted_random_is_weighted_1_against_100_wins_about_99_of_100_draws()
    {
        const int Draws = 2000;
        var rule = new ClaimRule { Order = ClaimOrder.WeightedRandom };
        var worker = await StartAsync(Store);
        var better = (await EnqueueAsync(New("task") with { Priority = 1 }))[0].Id;
        await EnqueueAsync(New("task") with { Priority = 100 });
        var won = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            var job = (await Store.ExchangeAsync(worker.Id, [], Any with { Max = 1, Rule = rule }, Token)).Claimed.Single();
            won += job.Id == better ? 1 : 0;
            await EndAsync(Store, worker, job, new Transition.Release(Started: false));
        }
        // 100/101 is expected; a draw without weights wins half. The bounds are six standard deviations wide.
        (won / (double)Draws).ShouldBe(100 / 101.0, 6 * Math.Sqrt(100 / 101.0 / 101 / Draws));
    }

    [Fact]
    public async Task A_late_worker_cannot_complete_what_another_has_leased_since()
    {
        await EnqueueAsync();
        var late = await StartAsync(Store);
        var old = await ClaimAsync(Store, late);
        Store.Abandon(late.Id);
        await Other.RecoverAsync(Token);
        var next = await StartAsync(Other);
        var job = await ClaimAsync(Other, next);

        (await EndAsync(Store, late, old, new Transition.Succeed("\"late\""u8.ToArray()))).ShouldBeFalse();
        (await JobAsync(job.Id)).State.ShouldBe(JobState.Running);
        (await EndAsync(Other, next, job, new Transition.Succeed("\"mine\""u8.ToArray()))).ShouldBeTrue();
    }

    [Fact]
    public async Task Crashes_count()
    {
        await EnqueueAsync(New("task") with { MaxAttempts = 2 });
        for (var crash = 0; crash < 2; crash++)
        {
            var worker = await StartAsync(Store);
            worker.Marks.Begun((await ClaimAsync(Store, worker)).Lease);
            Store.Abandon(worker.Id);
            await Other.RecoverAsync(Token);
        }
        var job = await JobAsync(new JobId(1));
        (job.State, job.Failures, job.LastError!.Type).ShouldBe((JobState.Failed, 2, AttemptOutcomes.CrashType));
    }

    [Fact]
    public async Task A_time_is_a_number_whatever_zone_or_form_it_was_given_in()
    {
        // The same moment, and one a second later that sorts before it as text.
        var due = Store.Now.AddSeconds(-2);
        var jobs = await EnqueueAsync(
            New("task") with { RunAt = due.ToOffset(TimeSpan.FromHours(14)) },
            New("task") with { RunAt = due.AddSeconds(3600).ToOffset(TimeSpan.FromHours(-12)) });
        (await ClaimAsync(Store, await StartAsync(Store))).Id.ShouldBe(jobs[0].Id);
        (await JobAsync(jobs[1].Id)).RunAt.ToUnixTimeMilliseconds().ShouldBe(due.AddSeconds(3600).ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task No_state_is_written_that_nothing_reads()
    {
        await EnqueueAsync(4);
        var jobs = await EnqueueAsync(New("task") with { After = [new JobId(1)] }, New("task"), New("task"));
        var worker = await StartAsync(Store);
        var claimed = (await ExchangeAsync(Store, worker, max: 4)).Claimed;
        await EndAsync(Store, worker, claimed[1], new Transition.Succeed(default));
        await EndAsync(Store, worker, claimed[2], new Transition.Fail(new JobError("broken", "It is broken.")));
        await Store.RequestAsync([jobs[1].Id], JobRequest.Cancel, "asked", Token);

        // Each state is counted and listed, and something leads on from it.
        var counts = (await Other.StatisticsAsync(Token)).Lanes.Single().Counts;
        (JobState State, int[] Jobs, JobRequest Request, RequestAnswer Answer)[] states =
        [
            (JobState.Pending, [7], JobRequest.Cancel, RequestAnswer.Done), (JobState.Waiting, [5], JobRequest.Cancel, RequestAnswer.Done), (JobState.Running, [4, 1], JobRequest.Cancel, RequestAnswer.Signalled),
            (JobState.Succeeded, [2], JobRequest.Delete, RequestAnswer.Done), (JobState.Failed, [3], JobRequest.Retry, RequestAnswer.Done), (JobState.Cancelled, [6], JobRequest.Retry, RequestAnswer.Done),
        ];
        states.Select(each => each.State).ShouldBe(Enum.GetValues<JobState>());
        foreach (var (state, ids, _, _) in states)
        {
            counts[state].ShouldBe(ids.Length, state.ToString());
            (await Other.FindAsync(new JobQuery { State = state }, Token)).Select(job => job.Id.Value).ShouldBe(ids.Select(id => (long)id));
        }
        foreach (var (_, ids, request, answer) in states)
            (await Other.RequestAsync([new JobId(ids[0])], request, "asked", Token)).Single().ShouldBe(answer);
    }

    [Fact]
    public async Task Retention_deletes_what_others_point_to()
    {
        var batch = await Store.AddBatchAsync(new NewBatch { Jobs = [New("task"), New("task")], Follower = New("task") }, Token);
        var parent = (await EnqueueAsync(New("task") with { After = [batch.Jobs[0].Id] }))[0].Id;
        await EnqueueAsync(New("task") with { After = [parent, batch.Follower!.Value.Id] });
        var worker = await StartAsync(Store);
        await EndAsync(Store, worker, (await ExchangeAsync(Store, worker, max: 1)).Claimed.Single(), new Transition.Retry(Store.Now, new JobError("broken", "It is broken.")));
        while ((await ExchangeAsync(Store, worker)).Claimed is { Count: > 0 } claimed)
        {
            foreach (var job in claimed)
                await EndAsync(Store, worker, job, new Transition.Succeed(default));
        }

        var rules = new RetentionRules([new RetentionRule(TimeSpan.Zero)], TimeSpan.FromDays(1));
        var mark = default(PruneMark);
        while (await Store.PruneAsync(rules, mark, 1, Token) is { IsOver: false } pruned)
            mark = pruned.Reached;

        (await Store.FindAsync(new JobQuery(), Token)).ShouldBeEmpty();
        (await Store.BatchesAsync([batch.Id], Token)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_claim_does_not_sort_the_backlog()
    {
        await EnqueueAsync([.. Enumerable.Range(0, 200).Select(number => New("task") with { Priority = 1 + (number * 37 % 1000) })]);
        using var database = new Sqlite.Connections.Database(Path, Synchronous.Normal, TimeSpan.FromSeconds(30));
        using var plan = database.Prepare("EXPLAIN QUERY PLAN " + Sqlite.Connections.SqlText.Of("lane-head"));
        plan.All(row => row.Text(3)).ShouldBe(["SEARCH jobs USING INDEX jobs_ready (lane=?)"]);
    }

    [Fact]
    public async Task The_first_retry_does_not_come_at_once()
    {
        await EnqueueAsync();
        var catalog = new JobCatalog();
        catalog.Add(new JobType("task", null, new JobTypeOptions(), _ => throw new IOException("broken")));
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var jobs = Store.Listen(WakeUp.Jobs, _ => failed.TrySetResult());
        await using (var worker = new WorkerHost(Store, catalog, new WorkerOptions()))
        {
            await worker.StartAsync(Token);
            await failed.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        }
        var (job, attempt) = (await JobAsync(new JobId(1)), (await Store.AttemptsAsync(new JobId(1), Token)).Single());
        // The shortest wait that jitter can draw is a tenth of a second.
        (job.State, job.Failures).ShouldBe((JobState.Pending, 1));
        (job.RunAt - attempt.FinishedAt!.Value).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(99));
    }

    [Fact]
    public async Task An_idempotency_key_does_not_race()
    {
        for (var round = 0; round < 20; round++)
        {
            var job = New("task") with { UniqueKey = $"order {round}" };
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(() => (caller % 2 == 0 ? Store : Other).EnqueueAsync([job], Token))));
            answers.Select(answer => answer[0].Id).Distinct().ShouldHaveSingleItem();
            answers.Count(answer => !answer[0].Existing).ShouldBe(1);
        }
    }

    [Fact]
    public async Task An_idempotency_key_does_not_live_for_ever()
    {
        var job = New("task") with { UniqueKey = "order 1" };
        var first = (await EnqueueAsync(job))[0];
        var worker = await StartAsync(Store);
        (await EnqueueAsync(job))[0].ShouldBe(first with { Existing = true });
        await EndAsync(Store, worker, await ClaimAsync(Store, worker), new Transition.Succeed(default));
        (await EnqueueAsync(job))[0].Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_malformed_payload_is_refused_or_fails_and_is_never_taken_for_an_empty_one()
    {
        var runs = 0;
        await using var services = new ServiceCollection().AddSteadwork(t => t.UseStore(_ => Store).AddHandler<Task1>("task", (_, _) =>
        {
            runs++;
            return Task.CompletedTask;
        })).BuildServiceProvider();
        NewJobRules.Refusal(New("task") with { Payload = "{\"number\":"u8.ToArray() }).ShouldNotBeNull();
        await EnqueueAsync(New("task") with { Payload = "{\"number\":\"many\"}"u8.ToArray() });
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ends = Store.Listen(WakeUp.Ends, _ => ended.TrySetResult());
        await using var worker = new WorkerHost(Store, services.GetRequiredService<JobCatalog>(), new WorkerOptions(), services.GetRequiredService<IServiceScopeFactory>());
        await worker.StartAsync(Token);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        var job = await JobAsync(new JobId(1));
        (job.State, job.Attempt, runs).ShouldBe((JobState.Failed, 1, 0));
    }
}
