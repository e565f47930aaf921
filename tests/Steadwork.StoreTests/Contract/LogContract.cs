using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What happened is in the log: once, in order, without a gap.</summary>
public abstract class LogContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    [Fact]
    public async Task Who_has_a_job_run_again_or_removed_is_told()
    {
        var jobs = await Store.AddAsync(Some.Jobs(2));
        await Store.RequestAsync(jobs, JobRequest.Cancel, "ann", CancellationToken.None);
        await Other.RequestAsync(jobs, JobRequest.Retry, "bob", CancellationToken.None);
        await Store.RequestAsync(jobs, JobRequest.Delete, "carol", CancellationToken.None);

        (await Store.LogAsync()).Where(entry => entry.Kind is LogKinds.Retried or LogKinds.Deleted).Select(entry => (entry.Kind, entry.Job, Some.Text(entry.Data))).ShouldBe(
        [
            (LogKinds.Retried, jobs[0], """{"by":"bob"}"""), (LogKinds.Retried, jobs[1], """{"by":"bob"}"""),
            (LogKinds.Deleted, jobs[0], """{"by":"carol"}"""), (LogKinds.Deleted, jobs[1], """{"by":"carol"}"""),
        ]);
    }

    [Fact]
    public async Task The_life_of_a_job_is_told_in_order()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Snooze(Now));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Release(Started: true));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Fail(Some.Error));
        await Store.RequestAsync(JobRequest.Retry, id);
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        await Store.RequestAsync(JobRequest.Delete, id);

        (await Other.LogKindsAsync(id)).ShouldBe([
            "enqueued", "claimed", "retrying", "claimed", "snoozed", "claimed", "released", "claimed", "failed", "retried", "claimed", "succeeded", "deleted",
        ]);
    }

    [Fact]
    public async Task Positions_are_gap_free_from_one()
    {
        for (var turn = 0; turn < 5; turn++)
        {
            await (turn % 2 == 0 ? Store : Other).AddAsync(Some.Jobs(3));
            await Should.ThrowAsync<Exception>(() => Store.EnqueueAsync([Some.Job, null!], CancellationToken.None));
        }

        (await Store.LogAsync()).Select(entry => entry.Position).ShouldBe(Enumerable.Range(1, 15).Select(position => (long)position));
    }

    [Fact]
    public async Task A_claim_is_told_with_its_lease_and_its_worker()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        Advance(3);
        var claimed = await worker.ClaimOneAsync();

        var entry = (await Store.LogAsync())[^1];
        (entry.Kind, entry.Job, entry.Lease, entry.Worker, entry.At).ShouldBe((LogKinds.Claimed, claimed.Id, claimed.Lease, worker.Id, Now));
        entry.Data.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public async Task The_log_is_read_in_pages_that_join()
    {
        await Store.AddAsync(Some.Jobs(25));

        var read = new List<long>();
        while (await Other.ReadAsync(read.LastOrDefault(), 10, CancellationToken.None) is { Count: > 0 } page)
            read.AddRange(page.Select(entry => entry.Position));

        read.ShouldBe(Enumerable.Range(1, 25).Select(position => (long)position));
        (await Other.ReadAsync(1_000_000, 10, CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_entry_of_ones_own_is_kept_with_its_data()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var written = await Store.AppendAsync(
            [new NewLogEntry("note", id, null, Some.Json("""{"über":1}""")), new NewLogEntry("tick", null, null, default)], CancellationToken.None);

        written.ShouldBe([true, true]);
        var entries = await Other.LogAsync(after: 1);
        (entries[0].Kind, entries[0].Job, Some.Text(entries[0].Data), entries[0].At).ShouldBe(("note", id, """{"über":1}""", Now));
        (entries[1].Kind, entries[1].Job, entries[1].Data.IsEmpty).ShouldBe(("tick", null, true));
    }

    [Fact]
    public async Task An_entry_under_a_lease_is_written_only_while_the_lease_is_held()
    {
        await Store.AddAsync(Some.Jobs(2));
        var worker = await Store.StartAsync();
        var jobs = await worker.ClaimAsync();
        await worker.SettleAsync(jobs[0], new Transition.Release(Started: true));
        var before = (await Store.LogAsync()).Count;

        var written = await Store.AppendAsync([
            new NewLogEntry(LogKinds.Progress, jobs[0].Id, jobs[0].Lease, Some.Json("1")),
            new NewLogEntry(LogKinds.Progress, jobs[1].Id, jobs[1].Lease, Some.Json("2")),
            new NewLogEntry(LogKinds.Progress, jobs[1].Id, jobs[0].Lease, Some.Json("3")),
            new NewLogEntry(LogKinds.Progress, null, jobs[1].Lease, Some.Json("4")),
        ], CancellationToken.None);

        written.ShouldBe([false, true, false, false]);
        var entry = (await Store.LogAsync(before)).Single();
        (Some.Text(entry.Data), entry.Lease).ShouldBe(("2", jobs[1].Lease));
    }

    [Fact]
    public async Task Each_transition_has_one_entry()
    {
        var ids = await Store.AddAsync(Some.Jobs(3));
        var worker = await Store.StartAsync();
        var jobs = await worker.ClaimAsync();
        await worker.ExchangeAsync([.. jobs.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, Now))]);

        var log = await Store.LogAsync();
        foreach (var kind in new[] { "enqueued", "claimed", "succeeded" })
            log.Where(entry => entry.Kind == kind).Select(entry => entry.Job!.Value).ShouldBe(ids);
    }

    [Fact]
    public async Task The_death_of_a_worker_is_told_after_what_became_of_its_jobs()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        Fixture.Kill(worker.Id);
        await Other.RecoverAsync();

        var last = (await Store.LogAsync()).TakeLast(2).ToList();
        (last[0].Kind, last[0].Job, last[0].Lease, last[0].Worker).ShouldBe(("released", id, job.Lease, worker.Id));
        (last[1].Kind, last[1].Job, last[1].Worker).ShouldBe((LogKinds.WorkerDied, null, worker.Id));
    }
}
