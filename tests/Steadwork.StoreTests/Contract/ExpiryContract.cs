using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>A job that has not begun by its time is not worth running.</summary>
public abstract class ExpiryContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly NewJob Brief = Some.Job with { ExpiresIn = TimeSpan.FromSeconds(10) };

    [Fact]
    public async Task The_time_counts_from_the_enqueueing_unless_it_is_told()
    {
        var at = In(3600.5);
        var ids = await Store.AddAsync(Brief, Brief with { ExpiresAt = at }, Some.Job);

        (await Task.WhenAll(ids.Select(id => Other.JobAsync(id)))).Select(job => job.ExpiresAt).ShouldBe([In(10), at, null]);
    }

    [Fact]
    public async Task It_is_claimed_before_its_time_and_left_alone_while_it_runs()
    {
        var id = await Store.AddOneAsync(Brief);
        var worker = await Store.StartAsync();
        Advance(9.999);

        var claimed = await worker.ClaimOneAsync();
        Advance(60);
        (await worker.ClaimAsync()).ShouldBeEmpty();
        (await Store.JobAsync(id)).State.ShouldBe(JobState.Running);
        (await worker.SettleAsync(claimed, Some.Success)).ShouldBeTrue();
        (await Store.JobAsync(id)).State.ShouldBe(JobState.Succeeded);
    }

    [Fact]
    public async Task It_is_cancelled_at_its_time_and_not_claimed_any_more()
    {
        var id = await Store.AddOneAsync(Some.Job with { ExpiresAt = new DateTimeOffset(2031, 1, 31, 9, 0, 0, 700, TimeSpan.Zero) });
        var worker = await Store.StartAsync();
        Clock.SetUtcNow(new DateTimeOffset(2031, 1, 31, 9, 0, 0, 700, TimeSpan.Zero));

        (await worker.ClaimAsync()).ShouldBeEmpty();

        var job = await Store.JobAsync(id);
        (job.State, job.Attempt, job.Failures, job.FinishedAt).ShouldBe((JobState.Cancelled, 0, 0, Now));
        job.CancelReason.ShouldBe("It was not begun by 2031-01-31 09:00:00 UTC, after which it was not worth running.");
        (await Store.AttemptsAsync(id)).ShouldBeEmpty();
        (await Store.LogKindsAsync(id)).ShouldBe([LogKinds.Enqueued, "cancelled"]);
    }

    [Fact]
    public async Task One_that_waits_for_whatever_expires_as_well()
    {
        var holder = await Store.AddOneAsync(Some.Job with { ExclusiveKey = "e" });
        var worker = await Store.StartAsync();
        var held = await worker.ClaimOneAsync();
        await Store.AddAsync(Brief with { ExclusiveKey = "e" }, Brief with { After = [holder] }, Brief with { ExpiresAt = In(10), Delay = TimeSpan.FromHours(1) });
        Advance(10);

        (await worker.ClaimAsync()).ShouldBeEmpty();

        (await Store.CountsAsync()).ShouldBe(new StateCounts(0, 0, 1, 0, 0, 3));
        await worker.SettleAsync(held, Some.Success);
        (await worker.ClaimAsync()).ShouldBeEmpty();
    }

    public static TheoryData<string> Returns => ["retry", "snooze", "release"];

    [Theory]
    [MemberData(nameof(Returns))]
    public async Task One_that_returns_to_its_line_after_its_time_is_ended_then(string how)
    {
        var id = await Store.AddOneAsync(Brief);
        var worker = await Store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        Advance(10);
        await worker.SettleAsync(claimed, how switch { "retry" => new Transition.Retry(In(5), Some.Error), "snooze" => new Transition.Snooze(In(5)), _ => new Transition.Release(Started: true) });

        (await worker.ClaimAsync()).ShouldBeEmpty();

        var job = await Store.JobAsync(id);
        (job.State, job.Attempt).ShouldBe((JobState.Cancelled, 1));
        job.LastError.ShouldBe(how is "retry" ? Some.Error : null);
    }

    [Fact]
    public async Task Workers_come_back_for_the_next_that_falls_due_or_expires()
    {
        var worker = await Store.StartAsync();
        await Store.AddAsync(Some.Job with { Delay = TimeSpan.FromSeconds(30) }, Some.Job with { Delay = TimeSpan.FromHours(1), ExpiresIn = TimeSpan.FromHours(2) }, Brief with { Type = "of nobody" });

        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBe(In(10));
        Advance(10);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBe(In(20));
        Advance(20);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBe(In(3570));
        Advance(3570);
        (await worker.ExchangeAsync([], max: 5)).NextDue.ShouldBeNull("it runs");
    }

    [Fact]
    public async Task Its_keys_come_free_and_those_after_it_are_told()
    {
        var id = await Store.AddOneAsync(Brief with { ExclusiveKey = "e", UniqueKey = "k" });
        var ids = await Store.AddAsync(Some.Job with { ExclusiveKey = "e" }, Some.Job with { After = [id] }, Some.Job with { After = [id], RunsAnyway = true });
        var worker = await Store.StartAsync();
        Advance(10);

        (await worker.ClaimAsync()).Select(job => job.Id).ShouldBe([ids[0], ids[2]]);

        (await Store.JobAsync(ids[1])).CancelReason.ShouldBe($"Job {id}, which it was to follow, was cancelled.");
        (await Store.EnqueueOneAsync(Some.Job with { UniqueKey = "k" })).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task It_keeps_no_key_from_one_that_would_run_though_no_worker_came_by()
    {
        var id = await Store.AddOneAsync(Brief with { ExclusiveKey = "e", UniqueKey = "k" });
        var behind = await Store.AddOneAsync(Some.Job with { ExclusiveKey = "e" });
        Advance(9.999);
        (await Other.EnqueueOneAsync(Some.Job with { UniqueKey = "k", WhenTaken = WhenTaken.ReplacePayload })).Id.ShouldBe(id);
        Advance(0.001);

        var answer = await Other.EnqueueOneAsync(Brief with { UniqueKey = "k", WhenTaken = WhenTaken.Refuse });

        answer.Existing.ShouldBeFalse();
        (await Store.JobAsync(id)).CancelReason.ShouldNotBeNull().ShouldStartWith("It was not begun by ");
        (await Store.JobAsync(behind)).State.ShouldBe(JobState.Pending, "it has the place of the exclusive key");
        (await (await Store.StartAsync()).ClaimAsync()).Select(job => job.Id).ShouldBe([behind, answer.Id]);
    }

    [Fact]
    public async Task A_key_that_is_kept_stays_with_it()
    {
        var id = await Store.AddOneAsync(Brief with { UniqueKey = "k", UniqueFor = TimeSpan.FromSeconds(20) });
        Advance(10);

        (await Store.EnqueueOneAsync(Some.Job with { UniqueKey = "k" })).ShouldBe(new EnqueuedJob(id, Existing: true, JobState.Cancelled));
        Advance(10);
        (await Store.EnqueueOneAsync(Some.Job with { UniqueKey = "k" })).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_retry_by_hand_runs_it_all_the_same()
    {
        var ids = await Store.AddAsync(Brief, Brief with { ExpiresIn = TimeSpan.FromMinutes(1) });
        var worker = await Store.StartAsync();
        await Store.RequestAsync(JobRequest.Cancel, ids[1]);
        Advance(10);
        (await worker.ClaimAsync()).ShouldBeEmpty();

        foreach (var id in ids)
            (await Store.RequestAsync(JobRequest.Retry, id)).ShouldBe(RequestAnswer.Done);

        (await Store.JobAsync(ids[0])).ExpiresAt.ShouldBeNull();
        (await Store.JobAsync(ids[1])).ExpiresAt.ShouldBe(In(50), "it is still worth running");
        (await worker.ClaimAsync()).Count.ShouldBe(2);
    }

    public static TheoryData<ClaimOrder> Orders => [.. Enum.GetValues<ClaimOrder>()];

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task A_flood_that_expires_at_one_instant_is_ended_and_none_of_it_claimed(ClaimOrder order)
    {
        await Store.AddAsync([.. Enumerable.Repeat(Brief, 1_200), .. Enumerable.Repeat(Brief with { Delay = TimeSpan.FromSeconds(9) }, 1_200)]);
        var id = await Store.AddOneAsync(Some.Job with { Priority = 900 });
        var worker = await Store.StartAsync();
        Advance(10);

        var claims = 0;
        while (await worker.ClaimAsync(rule: new ClaimRule { Order = order }) is var claimed && (claimed.Count == 0 || claimed.Single().Id != id))
            (++claims).ShouldBeLessThan(5);
        while ((await worker.ExchangeAsync([], max: 5)).NextDue is not null)
            (++claims).ShouldBeLessThan(8);

        (await Store.CountsAsync()).ShouldBe(new StateCounts(0, 0, 1, 0, 0, 2_400));
    }
}
