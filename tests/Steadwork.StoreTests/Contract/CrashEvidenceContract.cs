using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What becomes of the jobs of a dead worker: nothing is lost, and only the one that may have killed it pays.</summary>
public abstract class CrashEvidenceContract<TFixture> : CrashContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task A_job_that_had_not_begun_goes_back_as_it_was()
    {
        var (worker, jobs) = await ClaimedAsync(1);
        var claimedAt = Now;
        Advance(2);

        var recovered = await DieAsync(worker);

        recovered.Jobs.ShouldBe([new RecoveredJob(jobs[0].Id, new Transition.Release(Started: false))]);
        var job = await Store.JobAsync(jobs[0].Id);
        (job.State, job.Attempt, job.Failures, job.Alone, job.RunAt).ShouldBe((JobState.Pending, 0, 0, false, claimedAt));
        (job.StartedAt, job.Worker, job.LastError).ShouldBe((null, null, null));
        (await Store.AttemptsAsync(job.Id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_job_that_ran_alone_counts_a_crash_and_is_claimed_alone()
    {
        var (worker, jobs) = await ClaimedAsync(1);
        worker.Marks.Begun(jobs[0].Lease);
        Advance(2);

        var recovered = await DieAsync(worker);

        recovered.Jobs.Single().Transition.ShouldBeOfType<Transition.Retry>().Alone.ShouldBeTrue();
        var job = await Store.JobAsync(jobs[0].Id);
        (job.State, job.Attempt, job.Failures, job.Alone, job.RunAt).ShouldBe((JobState.Pending, 1, 1, true, Now));
        job.LastError!.Type.ShouldBe(AttemptOutcomes.CrashType);
        var attempt = (await Store.AttemptsAsync(job.Id)).Single();
        (attempt.Number, attempt.Worker, attempt.StartedAt, attempt.FinishedAt).ShouldBe((1, worker.Id, In(-2), Now));
        (attempt.Outcome, attempt.Error).ShouldBe(("crashed", job.LastError));
    }

    [Fact]
    public async Task Jobs_that_ran_among_others_keep_their_attempts_and_are_claimed_alone()
    {
        var (worker, jobs) = await ClaimedAsync(3);
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[1].Lease);

        await DieAsync(worker);

        (await FatesAsync(jobs)).ShouldBe([(1, 0, true), (1, 0, true), (0, 0, false)]);
        (await Store.AttemptsAsync(jobs[0].Id)).Single().Outcome.ShouldBe("crashed");
    }

    [Fact]
    public async Task The_one_that_ran_alone_pays_though_others_were_claimed_or_had_ended()
    {
        var (worker, jobs) = await ClaimedAsync(3);
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[1].Lease);
        worker.Marks.Ended(jobs[0].Lease);

        await DieAsync(worker);

        (await FatesAsync(jobs)).ShouldBe([(1, 0, false), (1, 1, true), (0, 0, false)]);
    }

    [Fact]
    public async Task A_job_that_had_ended_but_was_not_stored_runs_again_and_does_not_count()
    {
        var (worker, jobs) = await ClaimedAsync(1);
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Ended(jobs[0].Lease);

        await DieAsync(worker);

        (await FatesAsync(jobs)).ShouldBe([(1, 0, false)]);
        (await Store.AttemptsAsync(jobs[0].Id)).Single().Outcome.ShouldBe("crashed");
    }

    [Fact]
    public async Task A_settled_job_is_no_neighbour()
    {
        var (worker, jobs) = await ClaimedAsync(2);
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[1].Lease);
        worker.Marks.Ended(jobs[0].Lease);
        await worker.SettleAsync(jobs[0], Some.Success);
        worker.Marks.Settled(jobs[0].Lease);

        await DieAsync(worker);

        (await Store.JobAsync(jobs[0].Id)).State.ShouldBe(JobState.Succeeded);
        (await FatesAsync(jobs.Skip(1))).ShouldBe([(1, 1, true)]);
    }

    [Fact]
    public async Task A_lease_that_ran_out_tells_nothing_of_what_had_begun()
    {
        var (worker, jobs) = await ClaimedAsync(2);
        Advance(Some.Lease.TotalSeconds + 1);

        var recovered = (await Other.RecoverAsync()).Single();

        recovered.Worker.ShouldBe(worker.Id);
        (await FatesAsync(jobs)).ShouldBe([(1, 0, true), (1, 0, true)]);
    }

    [Fact]
    public async Task Of_a_single_job_whose_lease_ran_out_the_crash_counts()
    {
        var (_, jobs) = await ClaimedAsync(1);
        Advance(Some.Lease.TotalSeconds + 1);
        await Other.RecoverAsync();

        (await FatesAsync(jobs)).ShouldBe([(1, 1, true)]);
    }

    [Fact]
    public async Task More_beginnings_than_there_is_room_to_note_are_unknown()
    {
        await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync(capacity: 1);
        var jobs = await worker.ClaimAsync();
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[1].Lease);

        await DieAsync(worker);

        (await FatesAsync(jobs)).ShouldBe([(1, 0, true), (1, 0, true), (1, 0, true)]);
    }

    [Fact]
    public async Task A_beginning_that_is_noted_twice_needs_room_for_one()
    {
        await Store.AddAsync(Some.Jobs(2));
        var worker = await Store.StartAsync(capacity: 2);
        var jobs = await worker.ClaimAsync();
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[0].Lease);
        worker.Marks.Begun(jobs[0].Lease);

        await DieAsync(worker);

        (await FatesAsync(jobs)).ShouldBe([(1, 1, true), (0, 0, false)]);
    }

    [Fact]
    public async Task A_poison_job_ends_as_failed_and_its_neighbours_lose_no_attempt()
    {
        var ids = await Store.AddAsync([.. Enumerable.Repeat(Some.Job with { MaxAttempts = 3 }, 4)]);
        var poison = ids[1];
        var lives = 0;
        while ((await Store.JobAsync(poison)).State is not JobState.Failed)
        {
            (++lives).ShouldBeLessThan(20, "a poison job must not loop");
            var worker = await Store.StartAsync();
            var jobs = await worker.ClaimAsync();
            foreach (var job in jobs)
                worker.Marks.Begun(job.Lease);
            if (jobs.Any(job => job.Id == poison))
                await DieAsync(worker);
            else
                await SucceedAsync(worker, jobs);
        }

        var last = await Store.JobAsync(poison);
        (last.Failures, last.LastError!.Type).ShouldBe((3, AttemptOutcomes.CrashType));
        (await Store.AttemptsAsync(poison)).ShouldAllBe(attempt => attempt.Outcome == "crashed");
        (await Store.FindAllAsync()).Where(job => job.Id != poison).ShouldAllBe(job => job.Failures == 0);
        var heir = await Store.StartAsync();
        while (await heir.ClaimAsync() is { Count: > 0 } jobs)
            await SucceedAsync(heir, jobs);
        (await Store.CountsAsync()).ShouldBe(new StateCounts(0, 0, 0, 3, 1, 0));
    }

    private static async Task SucceedAsync(TestWorker worker, IReadOnlyList<ClaimedJob> jobs)
    {
        foreach (var job in jobs)
        {
            (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
            worker.Marks.Settled(job.Lease);
        }
    }
}
