using System.Threading.Channels;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Jobs that are enqueued as one are counted together, and followed when all have ended.</summary>
public abstract class BatchContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly RetentionRules Hour = new([new(TimeSpan.FromHours(1))], TimeSpan.FromDays(1000));

    [Fact]
    public async Task Its_jobs_are_counted_and_its_follower_waits_until_the_last_has_succeeded()
    {
        var stored = await Store.AddAsync(new NewBatch { Name = "notes", Jobs = Some.Jobs(2), Follower = Some.Job });
        var batch = await Other.BatchAsync(stored.Id);
        (batch.Name, batch.IsOpen, batch.CreatedAt, batch.EndedAt, batch.Follower, batch.Total, batch.Deleted).ShouldBe(("notes", false, Now, null, stored.Follower!.Value.Id, 2, 0));
        stored.Follower.Value.State.ShouldBe(JobState.Waiting);
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        first.BatchId.ShouldBe(stored.Id);
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 1, 0, Running: 1, 0, 0, 0));
        await worker.SettleAsync(first, Some.Success);
        Advance(5);

        var second = await worker.ClaimOneAsync();
        (await Store.JobAsync(second.Id)).BatchId.ShouldBe(stored.Id);
        (await worker.ExchangeAsync([new AttemptEnd(second.Id, second.Lease, Some.Success, null)], max: 10)).Claimed.ShouldHaveSingleItem().Id.ShouldBe(stored.Follower.Value.Id);

        batch = await Other.BatchAsync(stored.Id);
        (batch.EndedAt, batch.Counts).ShouldBe((Now, new StateCounts(0, 0, 0, Succeeded: 2, 0, 0)));
        (await Store.JobAsync(stored.Follower.Value.Id)).BatchId.ShouldBeNull();
        var ended = (await Store.LogAsync()).Single(entry => entry.Kind == LogKinds.BatchEnded);
        (ended.At, ended.Job, Some.Text(ended.Data)).ShouldBe((Now, null, $"{{\"batch\":{stored.Id},\"succeeded\":2,\"failed\":0,\"cancelled\":0,\"deleted\":0}}"));
        (await Store.LogKindsAsync(stored.Follower.Value.Id)).ShouldBe(["enqueued", "admitted", "claimed"]);
    }

    [Theory]
    [InlineData("fail")]
    [InlineData("cancel")]
    public async Task Its_follower_is_cancelled_unless_all_succeed_and_goes_on_once_they_do(string end)
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(3), Follower = Some.Job });
        var follower = stored.Follower!.Value.Id;
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        await worker.SettleAsync(claimed[1], Transitions.ByName[end](Now));
        (await Store.JobAsync(follower)).State.ShouldBe(JobState.Waiting, "the others have not ended");
        await worker.SettleAsync(claimed[0], Some.Success);
        await worker.SettleAsync(claimed[2], Some.Success);
        var cancelled = await Store.JobAsync(follower);
        (cancelled.State, cancelled.CancelReason).ShouldBe((JobState.Cancelled, $"Batch {stored.Id}, which it was to follow, has ended: of 3 jobs 2 succeeded."));
        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(Now);
        Advance(10);

        (await Other.RequestAsync(JobRequest.Retry, claimed[1].Id)).ShouldBe(RequestAnswer.Done);
        var again = await Store.BatchAsync(stored.Id);
        (again.EndedAt, again.Unfinished).ShouldBe((null, 1));
        (await worker.ExchangeAsync([new AttemptEnd(claimed[1].Id, (await worker.ClaimOneAsync()).Lease, Some.Success, null)], max: 5)).Claimed.ShouldHaveSingleItem().Id.ShouldBe(follower);

        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(Now);
        (await Store.LogKindsAsync(follower)).ShouldBe(["enqueued", "cancelled", "restored", "admitted", "claimed"]);
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.BatchEnded).ShouldBe(2);
    }

    [Theory]
    [InlineData("fail")]
    [InlineData("cancel")]
    [InlineData("succeed")]
    public async Task A_follower_that_runs_anyway_follows_whatever_the_end(string end)
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(2), Follower = Some.Job with { RunsAnyway = true } });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();

        (await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Transitions.ByName[end](Now), null))], max: 5)).Claimed.ShouldHaveSingleItem().Id.ShouldBe(stored.Follower!.Value.Id);
    }

    [Fact]
    public async Task An_open_batch_takes_more_jobs_and_ends_only_when_it_is_closed()
    {
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true, Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var first = await worker.ClaimOneAsync();
        var more = await Other.AddOneAsync(Some.Job with { Batch = first.BatchId });
        await worker.SettleAsync(first, Some.Success);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        var batch = await Store.BatchAsync(stored.Id);
        (batch.IsOpen, batch.EndedAt, batch.Total, batch.Unfinished).ShouldBe((true, null, 2, 0));
        (await worker.ClaimAsync()).ShouldBeEmpty();

        (await Other.CloseAsync(stored.Id)).ShouldBe(true);

        batch = await Store.BatchAsync(stored.Id);
        (batch.IsOpen, batch.EndedAt).ShouldBe((false, Now));
        (await worker.ClaimOneAsync()).Id.ShouldBe(stored.Follower!.Value.Id);
        (await Store.CloseAsync(stored.Id)).ShouldBe(false);
        (await Store.CloseAsync(new BatchId(77))).ShouldBeNull();
        (await Store.FindAsync(new JobQuery { Batch = stored.Id })).Select(job => job.Id).ShouldBe([more, first.Id]);
    }

    [Fact]
    public async Task One_that_is_closed_while_jobs_run_ends_with_the_last_of_them()
    {
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true, Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        await Store.CloseAsync(stored.Id);
        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBeNull();
        (await worker.ClaimAsync()).ShouldBeEmpty();

        await worker.SettleAsync(claimed, Some.Success);

        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(Now);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_closed_one_without_jobs_has_ended_at_once(bool anyway)
    {
        var stored = await Store.AddAsync(new NewBatch { Follower = Some.Job with { RunsAnyway = anyway } });

        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(Now);
        stored.Follower!.Value.State.ShouldBe(JobState.Pending);
        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(stored.Follower.Value.Id);
        (await Store.BatchAsync((await Store.AddAsync(new NewBatch())).Id)).EndedAt.ShouldBe(Now);
        (await Store.BatchAsync((await Store.AddAsync(new NewBatch { IsOpen = true })).Id)).EndedAt.ShouldBeNull();
    }

    [Fact]
    public async Task Jobs_for_a_batch_that_is_closed_or_is_not_are_refused_and_nothing_is_stored()
    {
        var closed = (await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1) })).Id;

        (await Should.ThrowAsync<BatchNotOpenException>(() => Store.AddAsync(Some.Job, Some.Job with { Batch = closed }))).Message.ShouldBe($"Batch {closed} is closed and takes no more jobs. Nothing was stored.");
        var missing = await Should.ThrowAsync<BatchNotOpenException>(() => Other.AddAsync(Some.Job with { Batch = new BatchId(9) }));

        (missing.Message, missing.IsClosed, missing.Batch).ShouldBe(("There is no batch 9; it may have been pruned. Nothing was stored.", false, new BatchId(9)));
        await Should.ThrowAsync<BatchNotOpenException>(() => Store.AddAsync(Some.Job with { Batch = new BatchId(0) }));
        (await Store.FindAllAsync()).Count.ShouldBe(1);
        (await Store.BatchAsync(closed)).Total.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_whose_unique_key_is_taken_joins_as_nothing()
    {
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "k" });
        var keyed = Some.Job with { UniqueKey = "k" };

        var stored = await Store.AddAsync(new NewBatch { Jobs = [keyed, Some.Job, keyed] });
        var none = await Store.AddAsync(new NewBatch { Jobs = [keyed], Follower = Some.Job });

        stored.Jobs.Select(job => job.Existing).ShouldBe([true, false, true]);
        (await Store.BatchAsync(stored.Id)).Counts.ShouldBe(new StateCounts(Pending: 1, 0, 0, 0, 0, 0));
        (await Store.JobAsync(bearer)).BatchId.ShouldBeNull();
        (await Store.BatchAsync(none.Id)).EndedAt.ShouldBe(Now);
        none.Follower!.Value.State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task The_unique_key_of_a_follower_must_be_free()
    {
        var bearer = await Store.AddOneAsync(Some.Job with { UniqueKey = "k" });

        var error = await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.AddAsync(new NewBatch { Jobs = Some.Jobs(2), Follower = Some.Job with { UniqueKey = "k" } }));
        await Should.ThrowAsync<UniqueKeyTakenException>(() => Store.AddAsync(new NewBatch { Jobs = [Some.Job with { UniqueKey = "l" }], Follower = Some.Job with { UniqueKey = "l" } }));
        await Should.ThrowAsync<ParentMissingException>(() => Store.AddAsync(new NewBatch { Jobs = [Some.Job with { After = [new JobId(99)] }] }));

        error.Bearer.ShouldBe(bearer);
        (await Store.FindAllAsync()).Count.ShouldBe(1);
        (await Store.AddAsync(new NewBatch())).Id.Value.ShouldBe(1);
    }

    [Theory]
    [InlineData(JobRequest.Cancel)]
    [InlineData(JobRequest.Delete)]
    public async Task What_never_runs_ends_it_as_well(JobRequest request)
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(2), Follower = Some.Job });
        var anyway = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1), Follower = Some.Job with { RunsAnyway = true } });
        foreach (var job in stored.Jobs.Concat(anyway.Jobs))
            (await Other.RequestAsync(request, job.Id)).ShouldBe(RequestAnswer.Done);

        var batch = await Store.BatchAsync(stored.Id);
        (batch.EndedAt, batch.Total, batch.Deleted, batch.Unsuccessful).ShouldBe((Now, request is JobRequest.Cancel ? 2 : 0, request is JobRequest.Delete ? 2 : 0, 2));
        (await Store.JobAsync(stored.Follower!.Value.Id)).CancelReason.ShouldBe($"Batch {stored.Id}, which it was to follow, has ended: of 2 jobs 0 succeeded.");
        (await Store.JobAsync(anyway.Follower!.Value.Id)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task A_job_that_is_deleted_after_its_success_is_not_missed_and_one_before_it_is()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(3), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        await worker.SettleAsync(claimed[0], Some.Success);
        (await Store.RequestAsync(JobRequest.Delete, claimed[0].Id)).ShouldBe(RequestAnswer.Done);
        await worker.SettleAsync(claimed[1], new Transition.Fail(Some.Error));
        await worker.SettleAsync(claimed[2], Some.Success);
        (await Store.RequestAsync(JobRequest.Delete, claimed[1].Id)).ShouldBe(RequestAnswer.Done);

        var batch = await Store.BatchAsync(stored.Id);
        (batch.Counts, batch.Deleted, batch.EndedAt).ShouldBe((new StateCounts(0, 0, 0, Succeeded: 1, 0, 0), 1, Now));
        (await Store.JobAsync(stored.Follower!.Value.Id)).State.ShouldBe(JobState.Cancelled, "what did not succeed is not made good by deleting it");
    }

    [Fact]
    public async Task Jobs_that_expire_crash_or_wait_in_vain_end_it()
    {
        var stored = await Store.AddAsync(new NewBatch
        {
            Jobs = [Some.Job with { MaxAttempts = 1 }, Some.Job with { Delay = TimeSpan.FromMinutes(9), ExpiresIn = TimeSpan.FromMinutes(10) }, Some.Job with { AfterPlaces = [0] }],
            Follower = Some.Job,
        });
        var worker = await Store.StartAsync();
        worker.Marks.Begun((await worker.ClaimOneAsync()).Lease);
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 1, Waiting: 1, Running: 1, 0, 0, 0));
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 1, 0, 0, 0, Failed: 1, Cancelled: 1));

        Advance(601);
        await (await Store.StartAsync()).ClaimAsync();

        (await Store.BatchAsync(stored.Id)).EndedAt.ShouldBe(Now);
        (await Store.JobAsync(stored.Follower!.Value.Id)).CancelReason.ShouldBe($"Batch {stored.Id}, which it was to follow, has ended: of 3 jobs 0 succeeded.");
    }

    [Fact]
    public async Task Jobs_that_wait_for_each_other_and_for_their_time_are_counted_where_they_stand()
    {
        var keyed = Some.Job with { ExclusiveKey = "k" };
        var stored = await Store.AddAsync(new NewBatch { Jobs = [keyed, keyed, Some.Job with { Delay = TimeSpan.FromSeconds(10), ExclusiveKey = "k" }, Some.Job with { UniqueKey = "u" }] });
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 3, Waiting: 1, 0, 0, 0, 0));
        var worker = await Store.StartAsync();
        Advance(10);
        var claimed = await worker.ClaimAsync();
        (await CountsOf(stored)).ShouldBe(new StateCounts(0, Waiting: 2, Running: 2, 0, 0, 0));
        await worker.SettleAsync(claimed[0], new Transition.Retry(In(30), Some.Error));
        await worker.SettleAsync(claimed[1], new Transition.Release(Started: false));
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 2, Waiting: 2, 0, 0, 0, 0));

        await Store.EnqueueOneAsync(Some.Job with { UniqueKey = "u", Delay = TimeSpan.FromHours(1), WhenTaken = WhenTaken.Replace });
        (await Store.RequestAsync(JobRequest.Cancel, claimed[0].Id)).ShouldBe(RequestAnswer.Done);
        (await CountsOf(stored)).ShouldBe(new StateCounts(Pending: 2, Waiting: 1, 0, 0, 0, Cancelled: 1));
    }

    [Fact]
    public async Task A_follower_can_be_of_a_batch_itself()
    {
        var outer = await Store.AddAsync(new NewBatch { IsOpen = true, Follower = Some.Job with { RunsAnyway = true } });
        var inner = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1), Follower = Some.Job with { Batch = outer.Id } });
        await Store.CloseAsync(outer.Id);
        (await CountsOf(outer)).Waiting.ShouldBe(1);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();

        (await worker.ExchangeAsync([new AttemptEnd(claimed.Id, claimed.Lease, new Transition.Fail(Some.Error), null)], max: 5)).Claimed.ShouldHaveSingleItem().Id.ShouldBe(outer.Follower!.Value.Id);
        (await Store.BatchAsync(outer.Id)).EndedAt.ShouldBe(Now);
        (await CountsOf(outer)).Cancelled.ShouldBe(1);

        (await Store.RequestAsync(JobRequest.Retry, claimed.Id)).ShouldBe(RequestAnswer.Done);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await Store.BatchAsync(outer.Id)).EndedAt.ShouldBeNull("its job goes on");
        (await CountsOf(outer)).ShouldBe(new StateCounts(Pending: 1, 0, 0, 0, 0, 0));
        (await Store.JobAsync(inner.Follower!.Value.Id)).State.ShouldBe(JobState.Pending);
    }

    [Fact]
    public async Task Somebody_who_retries_the_follower_alone_does_not_get_it_past_its_batch()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(2), Follower = Some.Job });
        var follower = stored.Follower!.Value.Id;
        (await WhyAsync(follower)).ShouldContain($"It waits for batch {stored.Id}, of which 2 of 2 jobs have not ended.");
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        await worker.SettleAsync(claimed[0], Some.Success);
        (await WhyAsync(follower)).ShouldBe([$"It waits for batch {stored.Id}, of which 1 of 2 jobs has not ended."]);
        await worker.SettleAsync(claimed[1], new Transition.Fail(Some.Error));

        (await Store.RequestAsync(JobRequest.Retry, follower)).ShouldBe(RequestAnswer.Done);

        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await WhyAsync(follower)).ShouldBe([$"It waits for batch {stored.Id}, of which 1 job has not succeeded: it goes on when all are retried and succeed."]);
        (await Store.RequestAsync(JobRequest.Retry, claimed[1].Id)).ShouldBe(RequestAnswer.Done);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        (await worker.ClaimOneAsync()).Id.ShouldBe(follower);
        (await Store.StandingAsync(follower, CancellationToken.None))!.Follows!.IsDone.ShouldBeTrue();
    }

    [Fact]
    public async Task Why_tells_of_a_batch_that_takes_more_jobs_and_of_one_that_lacks_some()
    {
        var open = await Store.AddAsync(new NewBatch { IsOpen = true, Jobs = Some.Jobs(1), Follower = Some.Job with { ExclusiveKey = "k" } });
        (await WhyAsync(open.Follower!.Value.Id)).ShouldContain($"It waits for batch {open.Id}, which takes more jobs still, and of which 1 of 1 job has not ended.");

        var lacking = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1), Follower = Some.Job });
        await Store.RequestAsync(JobRequest.Delete, lacking.Jobs[0].Id);
        await Store.RequestAsync(JobRequest.Retry, lacking.Follower!.Value.Id);
        (await WhyAsync(lacking.Follower.Value.Id)).ShouldContain($"It waits for batch {lacking.Id}, of which 1 job was deleted without having succeeded: it never goes on.");
    }

    [Fact]
    public async Task What_is_pruned_stays_in_its_counts_and_it_goes_with_the_last_of_its_jobs_and_its_follower()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(2), Follower = Some.Job });
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimAsync();
        await worker.SettleAsync(claimed[0], Some.Success);
        Clock.Advance(TimeSpan.FromHours(2));

        (await Store.PruneAllAsync(Hour)).Jobs.ShouldBe(1);
        (await CountsOf(stored)).ShouldBe(new StateCounts(0, 0, Running: 1, Succeeded: 1, 0, 0));
        await worker.SettleAsync(claimed[1], Some.Success);
        Clock.Advance(TimeSpan.FromHours(2));
        (await Store.PruneAllAsync(Hour)).Jobs.ShouldBe(1);
        (await Store.BatchAsync(stored.Id)).Counts.ShouldBe(new StateCounts(0, 0, 0, Succeeded: 2, 0, 0), "its follower is left");
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        Clock.Advance(TimeSpan.FromHours(2));

        (await Other.ExpiredAllAsync(Hour)).Jobs.ShouldBe(1);
        (await Store.BatchesAsync([stored.Id], CancellationToken.None)).ShouldHaveSingleItem();
        (await Other.PruneAllAsync(Hour, most: 1)).Jobs.ShouldBe(1);
        (await Store.BatchesAsync([stored.Id], CancellationToken.None)).ShouldBeEmpty();
        (await Store.AddAsync(new NewBatch())).Id.Value.ShouldBeGreaterThan(stored.Id.Value);
    }

    [Fact]
    public async Task One_without_jobs_goes_in_its_time_and_an_open_one_never()
    {
        var (empty, open) = (await Store.AddAsync(new NewBatch()), await Store.AddAsync(new NewBatch { IsOpen = true }));
        Clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        await Store.PruneAllAsync(Hour);
        (await Store.BatchesAsync([open.Id, empty.Id], CancellationToken.None)).Select(batch => batch.Id).ShouldBe([empty.Id, open.Id]);

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Store.PruneAllAsync(Hour);
        Clock.Advance(TimeSpan.FromDays(1));
        await Store.PruneAllAsync(Hour);

        (await Store.BatchesAsync([open.Id, empty.Id], CancellationToken.None)).Select(batch => batch.Id).ShouldBe([open.Id]);
    }

    [Fact]
    public async Task What_has_failed_stays_as_long_as_a_follower_waits_for_it()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(1), Follower = Some.Job });
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error));
        (await Store.RequestAsync(JobRequest.Retry, stored.Follower!.Value.Id)).ShouldBe(RequestAnswer.Done);
        Clock.Advance(TimeSpan.FromHours(2));

        (await Store.ExpiredAllAsync(Hour)).Jobs.ShouldBe(0);
        (await Store.PruneAllAsync(Hour)).Jobs.ShouldBe(0);

        (await Store.RequestAsync(JobRequest.Cancel, stored.Follower.Value.Id)).ShouldBe(RequestAnswer.Done);
        (await Store.PruneAllAsync(Hour)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task Whoever_waits_for_ends_is_told_of_it()
    {
        var heard = Channel.CreateUnbounded<WakeUp>();
        var stored = await Store.AddAsync(new NewBatch { IsOpen = true });
        using var listening = Store.Listen(WakeUp.Ends, kinds => heard.Writer.TryWrite(kinds));

        await Store.CloseAsync(stored.Id);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        (await heard.Reader.ReadAsync(patience.Token)).HasFlag(WakeUp.Ends).ShouldBeTrue();
    }

    [Fact]
    public async Task Many_workers_at_once_end_it_once()
    {
        var stored = await Store.AddAsync(new NewBatch { Jobs = Some.Jobs(200), Follower = Some.Job with { Queue = "later" } });
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async number =>
        {
            var store = number % 2 == 0 ? Store : Other;
            var worker = await store.StartAsync();
            var exchange = await worker.ExchangeAsync([], max: 3);
            while (exchange.Claimed.Count > 0)
                exchange = await worker.ExchangeAsync([.. exchange.Claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, null))], max: 3);
        }));
        // What nobody could see to at once, a claim does.
        var follower = await (await Store.StartAsync(["later"])).ClaimAsync();

        follower.ShouldHaveSingleItem().Id.ShouldBe(stored.Follower!.Value.Id);
        var batch = await Store.BatchAsync(stored.Id);
        (batch.Counts.Succeeded, batch.EndedAt).ShouldBe((200, Now));
        (await Store.LogAsync()).Count(entry => entry.Kind == LogKinds.BatchEnded).ShouldBe(1);
    }

    private async Task<StateCounts> CountsOf(StoredBatch batch) => (await Other.BatchAsync(batch.Id)).Counts;

    private async Task<string[]> WhyAsync(JobId job) =>
        [.. (await WaitReason.OfAsync(Store, (await Other.StandingAsync(job, CancellationToken.None))!, CancellationToken.None)).Where(reason => reason.Code != "no_worker").Select(reason => reason.Text)];
}
