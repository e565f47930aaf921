using System.Text.Json;
using Shouldly;
using Steadwork.Sqlite;
using Steadwork.Storage;
using Steadwork.Testing;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Enqueue;

/// <summary>The clock stands still unless a test moves it: whoever is woken is woken by a wake-up, not by a poll.</summary>
public sealed class WaitTests : IAsyncLifetime
{
    internal sealed record Length(int Characters);

    private readonly Workbench bench = new();
    private readonly Looks looks;
    private readonly JobQueue jobs;

    public WaitTests()
    {
        looks = new Looks(bench.Store);
        jobs = new JobQueue(looks.Store, bench.Catalog, new PayloadJson(), bench.Clock);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task A_job_that_has_ended_is_there_at_once_with_its_result()
    {
        var id = await ResultAsync("""{"characters":3}""");
        (await jobs.WaitAsync(id)).State.ShouldBe(JobState.Succeeded);
        (await jobs.WaitAsync<Length>(id)).ShouldBe(new Length(3));
        await looks.DoneAsync();
        looks.Most.ShouldBe(1);
    }

    [Fact]
    public async Task A_result_that_is_not_as_awaited_is_an_error()
    {
        (await jobs.WaitAsync<Length?>(await ResultAsync("null"))).ShouldBeNull();
        var id = await ResultAsync("[1]");
        (await Should.ThrowAsync<JsonException>(() => jobs.WaitAsync<Length>(id))).Message.ShouldStartWith($"The result of job {id} cannot be read as Length: ");
        id = await ResultAsync("");
        (await Should.ThrowAsync<InvalidOperationException>(() => jobs.WaitAsync<Length>(id))).Message.ShouldStartWith($"Job {id} succeeded and left no result;");
    }

    [Fact]
    public async Task An_end_wakes_whoever_waits()
    {
        bench.Handle("note", _ => Task.CompletedTask);
        var id = await bench.EnqueueAsync("note");
        var waiting = jobs.WaitAsync(id);
        await looks.LookedAsync();
        waiting.IsCompleted.ShouldBeFalse();
        await bench.StartAsync();
        (await waiting.WaitAsync(Workbench.Patience)).State.ShouldBe(JobState.Succeeded);
    }

    [Fact]
    public async Task An_end_in_another_process_wakes_whoever_waits()
    {
        var folder = Directory.CreateTempSubdirectory("steadwork-wait-");
        await using (var near = SqliteStore.Open(Path.Combine(folder.FullName, "store.db"), new SqliteStoreOptions { Synchronous = Synchronous.Normal }))
        await using (var far = SqliteStore.Open(near.Path, new SqliteStoreOptions { Synchronous = Synchronous.Normal }))
        {
            var (seen, catalog) = (new Looks(near), new JobCatalog());
            catalog.Add(new JobType("note", null, new JobTypeOptions(), _ => Task.FromResult<ReadOnlyMemory<byte>>("5"u8.ToArray())));
            var id = (await near.EnqueueAsync([new NewJob { Type = "note", Payload = "{}"u8.ToArray() }], CancellationToken.None))[0].Id;
            var waiting = new JobQueue(seen.Store, catalog, new PayloadJson(), new ManualTime()).WaitAsync<int>(id);
            await seen.LookedAsync();
            await using var worker = new Steadwork.Workers.WorkerHost(far, catalog, new Steadwork.Workers.WorkerOptions());
            await worker.StartAsync();
            (await waiting.WaitAsync(Workbench.Patience)).ShouldBe(5);
            await seen.DoneAsync();
        }
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_wake_up_that_gets_lost_costs_a_second()
    {
        var id = await bench.EnqueueAsync("note");
        looks.IsDeaf = true;
        var waiting = jobs.WaitAsync(id);
        await looks.LookedAsync();
        await CancelAsync(id);
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        (await waiting.WaitAsync(Workbench.Patience)).State.ShouldBe(JobState.Cancelled);
    }

    [Fact]
    public async Task A_job_that_failed_says_why()
    {
        bench.Handle("note", _ => throw new PermanentFailureException("no such file"));
        await bench.StartAsync();
        var id = await bench.EnqueueAsync("note");
        var error = await Should.ThrowAsync<JobNotSucceededException>(() => jobs.WaitAsync<Length>(id));
        (error.Job, error.State, error.Error!.Message, error.Reason).ShouldBe((id, JobState.Failed, "no such file", null));
        error.Message.ShouldBe($"Job {id} failed: Steadwork.PermanentFailureException: no such file");
        (await jobs.WaitAsync(id)).State.ShouldBe(JobState.Failed);
    }

    [Fact]
    public async Task A_job_that_is_cancelled_meanwhile_says_by_whom()
    {
        var id = await bench.EnqueueAsync("note");
        var waiting = jobs.WaitAsync<Length>(id);
        await looks.LookedAsync();
        await CancelAsync(id);
        var error = await Should.ThrowAsync<JobNotSucceededException>(() => waiting.WaitAsync(Workbench.Patience));
        (error.State, error.Error, error.Reason).ShouldBe((JobState.Cancelled, null, "by Ann"));
        error.Message.ShouldBe($"Job {id} was cancelled: by Ann");
    }

    [Fact]
    public async Task A_job_that_is_not_there_is_an_error()
    {
        var error = await Should.ThrowAsync<JobNotFoundException>(() => jobs.WaitAsync(new JobId(7)));
        (error.Job, error.Deleted, error.Message).ShouldBe((new JobId(7), false, "There is no job 7."));
    }

    [Fact]
    public async Task A_job_that_is_deleted_meanwhile_is_an_error()
    {
        var id = await bench.EnqueueAsync("note");
        var waiting = jobs.WaitAsync(id);
        await looks.LookedAsync();
        await bench.Store.RequestAsync([id], JobRequest.Delete, "by Ann", CancellationToken.None);
        // A deletion is no end, and rings no bell.
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        var error = await Should.ThrowAsync<JobNotFoundException>(() => waiting.WaitAsync(Workbench.Patience));
        (error.Deleted, error.Message).ShouldBe((true, $"Job {id} was deleted while it was waited for."));
    }

    [Fact]
    public async Task Whoever_stops_to_wait_leaves_the_job_alone_and_nothing_behind()
    {
        var id = await bench.EnqueueAsync("note");
        using var patience = new CancellationTokenSource();
        var (impatient, patient) = (jobs.WaitAsync(id, patience.Token), jobs.WaitAsync(id));
        await looks.LookedAsync();
        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => impatient);
        looks.Listeners.ShouldBe(1);
        (await bench.JobAsync(id)).State.ShouldBe(JobState.Pending);

        await CancelAsync(id);
        await patient.WaitAsync(Workbench.Patience);
        await looks.DoneAsync();
        id = await bench.EnqueueAsync("note");
        await Should.ThrowAsync<OperationCanceledException>(() => jobs.WaitAsync(id, new CancellationToken(canceled: true)));
        await looks.DoneAsync();
    }

    [Fact]
    public async Task A_thousand_who_wait_share_one_listener_and_one_look()
    {
        const int all = 1000, looksForAll = 5;
        var ids = (await bench.Store.EnqueueAsync([.. Enumerable.Repeat(new NewJob { Type = "note", Payload = "{}"u8.ToArray() }, all)], CancellationToken.None)).Select(job => job.Id).ToList();
        looks.Hold();
        var waiting = new List<Task<Job>> { jobs.WaitAsync(ids[0]) };
        await looks.HeldAsync();
        waiting.AddRange(ids[1..].Select(id => jobs.WaitAsync(id)));
        looks.Release();
        await looks.LookedAsync(1 + looksForAll);
        looks.Count.ShouldBe(1 + looksForAll);

        // All in one transaction, and so by one wake-up.
        await bench.Store.RequestAsync(ids, JobRequest.Cancel, "by Ann", CancellationToken.None);
        (await Task.WhenAll(waiting).WaitAsync(Workbench.Patience)).Select(job => job.Id).ShouldBe(ids);
        await looks.DoneAsync();
        looks.Count.ShouldBe(1 + 2 * looksForAll);
        looks.Most.ShouldBe(1);
    }

    [Fact]
    public async Task Whoever_comes_later_does_not_have_all_others_looked_for_again()
    {
        var (first, second) = (await bench.EnqueueAsync("note"), await bench.EnqueueAsync("note"));
        var waiting = jobs.WaitAsync(first);
        await looks.LookedAsync();
        var later = jobs.WaitAsync(second);
        await looks.LookedAsync(2);
        looks.Asked.ShouldBe([[first], [second]]);
        await CancelAsync(first);
        await CancelAsync(second);
        await Task.WhenAll(waiting, later).WaitAsync(Workbench.Patience);
    }

    [Fact]
    public async Task A_store_that_cannot_be_asked_is_an_error_for_all_who_wait_and_not_for_those_after_them()
    {
        var id = await bench.EnqueueAsync("note");
        looks.Error = new StoreUnavailableException("The disk is gone.");
        var (one, other) = (jobs.WaitAsync(id), jobs.WaitAsync(new JobId(99)));
        await Should.ThrowAsync<StoreUnavailableException>(() => one.WaitAsync(Workbench.Patience));
        await Should.ThrowAsync<StoreUnavailableException>(() => other.WaitAsync(Workbench.Patience));
        await looks.DoneAsync();
        looks.Error = null;
        await CancelAsync(id);
        (await jobs.WaitAsync(id)).State.ShouldBe(JobState.Cancelled);
    }

    private Task CancelAsync(JobId id) => bench.Store.RequestAsync([id], JobRequest.Cancel, "by Ann", CancellationToken.None);

    /// <summary>A job that has left a result.</summary>
    private async Task<JobId> ResultAsync(string result)
    {
        var type = $"leaves '{result}'";
        bench.HandleResult(type, _ => Task.FromResult<ReadOnlyMemory<byte>>(System.Text.Encoding.UTF8.GetBytes(result)));
        var worker = await bench.StartAsync();
        var id = await bench.EnqueueAsync(type);
        await bench.UntilAsync(id, JobState.Succeeded);
        await worker.StopAsync();
        return id;
    }

    /// <summary>A store that tells how it is looked at and listened to.</summary>
    private sealed class Looks
    {
        private readonly Lock gate = new();
        private readonly List<IReadOnlyList<JobId>> asked = [];
        private readonly SemaphoreSlim entered = new(0);
        private readonly SemaphoreSlim looked = new(0);
        private readonly SemaphoreSlim silent = new(0);
        private readonly ManualResetEventSlim open = new(initialState: true);

        public Looks(IStore inner) => Store = StoreFront.Of(inner, (method, arguments, next) => method switch
        {
            nameof(IStore.FindAsync) => LookAsync((JobQuery)arguments[0]!, next),
            nameof(IStore.Listen) => Listen(inner, (WakeUp)arguments[0]!, (Action<WakeUp>)arguments[1]!),
            _ => next(),
        });

        public IStore Store { get; }

        /// <summary>Whether wake-ups get lost.</summary>
        public bool IsDeaf { get; set; }

        /// <summary>What looking at it ends with.</summary>
        public Exception? Error { get; set; }

        public int Listeners { get; private set; }

        /// <summary>The most listeners that there were at once.</summary>
        public int Most { get; private set; }

        public IReadOnlyList<IReadOnlyList<JobId>> Asked
        {
            get
            {
                lock (gate)
                    return [.. asked];
            }
        }

        public int Count => Asked.Count;

        public void Hold() => open.Reset();

        /// <summary>Waits until somebody has begun to look.</summary>
        public async Task HeldAsync() => (await entered.WaitAsync(Workbench.Patience)).ShouldBeTrue();

        public void Release() => open.Set();

        /// <summary>Waits for so many looks since the store was made.</summary>
        public async Task LookedAsync(int times = 1)
        {
            while (Count < times)
                (await looked.WaitAsync(Workbench.Patience)).ShouldBeTrue();
        }

        /// <summary>Waits until nobody listens anymore.</summary>
        public async Task DoneAsync()
        {
            while (true)
            {
                lock (gate)
                {
                    if (Listeners == 0)
                        return;
                }
                (await silent.WaitAsync(Workbench.Patience)).ShouldBeTrue();
            }
        }

        private async Task<IReadOnlyList<Job>> LookAsync(JobQuery query, Func<object?> next)
        {
            entered.Release();
            open.Wait(Workbench.Patience).ShouldBeTrue();
            var found = Error is null ? await (Task<IReadOnlyList<Job>>)next()! : throw Error;
            lock (gate)
                asked.Add(query.Ids!);
            looked.Release();
            return found;
        }

        private Listening Listen(IStore inner, WakeUp kinds, Action<WakeUp> onWakeUp)
        {
            lock (gate)
                Most = Math.Max(Most, ++Listeners);
            return new Listening(this, inner.Listen(kinds, woken =>
            {
                if (!IsDeaf)
                    onWakeUp(woken);
            }));
        }

        private sealed class Listening(Looks looks, IDisposable inner) : IDisposable
        {
            public void Dispose()
            {
                inner.Dispose();
                lock (looks.gate)
                    looks.Listeners--;
                looks.silent.Release();
            }
        }
    }
}
