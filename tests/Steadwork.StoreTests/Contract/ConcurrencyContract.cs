using System.Collections.Concurrent;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Many at once, over two processes: nothing is lost, nothing runs twice, nobody sees an error.</summary>
public abstract class ConcurrencyContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private const int Tasks = 64;
    private const int JobsEach = 20;

    [Fact]
    public async Task Sixty_four_tasks_enqueue_claim_and_complete()
    {
        var claimed = new ConcurrentBag<JobId>();
        var completed = new ConcurrentBag<JobId>();

        await AtOnce(Tasks, async (store, _) =>
        {
            await store.AddAsync(Some.Jobs(JobsEach / 2));
            var worker = await store.StartAsync();
            await store.AddAsync(Some.Jobs(JobsEach / 2));
            while (completed.Count < Tasks * JobsEach)
            {
                // A store that answers at once would let the first tasks keep all threads, and the last ones never begin.
                await Task.Yield();
                foreach (var job in await worker.ClaimAsync(max: 4))
                {
                    claimed.Add(job.Id);
                    (await worker.SettleAsync(job, Some.Success)).ShouldBeTrue();
                    completed.Add(job.Id);
                }
            }
        });

        claimed.Count.ShouldBe(Tasks * JobsEach);
        claimed.ShouldBeUnique();
        (await Store.CountsAsync()).ShouldBe(default(StateCounts).With(JobState.Succeeded, Tasks * JobsEach));
        (await Store.LogAsync()).Select(entry => entry.Position).ShouldBe(Enumerable.Range(1, Tasks * JobsEach * 3 + Tasks).Select(position => (long)position));
    }

    [Fact]
    public async Task One_job_is_claimed_by_one_of_many()
    {
        await Store.AddAsync(Some.Job);
        var claims = new ConcurrentBag<ClaimedJob>();

        await AtOnce(32, async (store, _) =>
        {
            var worker = await store.StartAsync();
            foreach (var job in await worker.ClaimAsync())
                claims.Add(job);
        });

        claims.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Of_many_completions_under_one_lease_one_is_accepted()
    {
        await Store.AddAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        var accepted = new ConcurrentBag<bool>();

        await AtOnce(32, async (store, _) =>
        {
            var exchange = await store.ExchangeAsync(worker.Id, [new AttemptEnd(job.Id, job.Lease, Some.Success, null)], null, CancellationToken.None);
            accepted.Add(exchange.Accepted.Single());
        });

        accepted.Count(one => one).ShouldBe(1);
        (await Store.LogKindsAsync(job.Id)).ShouldBe(["enqueued", "claimed", "succeeded"]);
    }

    [Fact]
    public async Task A_reader_sees_an_attempt_that_it_knows_to_have_begun_at_every_moment()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        var done = false;

        await AtOnce(3, async (store, turn) =>
        {
            if (turn > 0)
            {
                for (; !Volatile.Read(ref done); await Task.Yield())
                    (await store.AttemptsAsync(id)).ShouldNotBeEmpty();
                return;
            }
            for (var round = 0; round < 150; round++)
            {
                await worker.SettleAsync(job, new Transition.Release(Started: true));
                job = await worker.ClaimOneAsync();
            }
            Volatile.Write(ref done, true);
        });
    }

    [Fact]
    public async Task Progress_heartbeats_requests_and_statistics_go_on_beside_the_work()
    {
        var done = 0;
        await AtOnce(16, async (store, turn) =>
        {
            var worker = await store.StartAsync();
            for (var round = 0; round < 20; round++)
            {
                await store.AddAsync(Some.Jobs(2));
                foreach (var job in await worker.ClaimAsync(max: 2))
                {
                    await store.AppendAsync([new NewLogEntry(LogKinds.Progress, job.Id, job.Lease, Some.Json("1"))], CancellationToken.None);
                    await worker.SettleAsync(job, turn % 2 == 0 ? Some.Success : new Transition.Fail(Some.Error));
                    await store.RequestAsync(JobRequest.Retry, job.Id);
                    Interlocked.Increment(ref done);
                }
                RenewAtLast(worker).Alive.ShouldBeTrue();
                (await store.RecoverAsync()).ShouldBeEmpty();
                await store.StatisticsAsync();
            }
            await worker.EndAsync();
        });

        done.ShouldBeGreaterThan(0);
        (await Store.CountsAsync()).Running.ShouldBe(0);
        (await Store.StatisticsAsync()).Workers.ShouldBeEmpty();
    }

    /// <summary>As the loop of a worker does: where the machine is so busy that a heartbeat gets no answer in its time, the next one follows.</summary>
    private static Renewal RenewAtLast(TestWorker worker)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return worker.Renew();
            }
            catch (StoreUnavailableException) when (tries < 5)
            {
            }
        }
    }

    /// <summary>Begins all tasks at one moment, every other one in the other process.</summary>
    private async Task AtOnce(int count, Func<IStore, int, Task> task)
    {
        IStore[] views = [Store, Other];
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = Enumerable.Range(0, count).Select(turn => Begin(views[turn % 2], turn)).ToList();
        start.SetResult();
        await Task.WhenAll(running);

        async Task Begin(IStore store, int turn)
        {
            await start.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await task(store, turn);
        }
    }
}
