using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Benching;

/// <summary>A program that uses a store as programs do: typed payloads, handlers from the services, a hosted worker.</summary>
internal sealed class Ours : IAsyncDisposable
{
    private const int WarmUps = 1000;
    private const string NoteType = "note";

    private readonly ServiceProvider services;
    private readonly IStore store;
    private readonly Arrivals arrivals;
    private long succeededBefore;

    /// <param name="url">The store, which is made if it is missing.</param>
    /// <param name="worker">How its worker works; it works only while <see cref="StartAsync"/> has it.</param>
    /// <param name="stamps">Whether it is kept when each handler began.</param>
    public Ours(StoreUrl url, Action<Workers.WorkerOptions>? worker = null, bool stamps = false)
    {
        services = new ServiceCollection()
            .AddSingleton(new Arrivals(stamps))
            .AddSteadwork(steadwork => steadwork
                .UseStore(_ => url.Open(create: true))
                .UseJson(NoteJson.Default)
                .AddHandler<Note, NoteHandler>(NoteType)
                .AddHandler<Hold, HoldHandler>("hold")
                .AddWorker(worker))
            .BuildServiceProvider();
        arrivals = services.GetRequiredService<Arrivals>();
        store = services.GetRequiredService<IStore>();
        Jobs = services.GetRequiredService<JobQueue>();
        Url = url;
    }

    /// <summary>The store.</summary>
    public StoreUrl Url { get; }

    /// <summary>The front door.</summary>
    public JobQueue Jobs { get; }

    /// <summary>When handlers began, by <see cref="Stopwatch.GetTimestamp"/>, which is the same in all processes of a machine.</summary>
    public ChannelReader<long> Begun => arrivals.Begun;

    /// <summary>How many handlers have begun.</summary>
    public long Count => arrivals.Count;

    /// <summary>Has the worker begin.</summary>
    public async Task StartAsync()
    {
        succeededBefore = (await CountsAsync().ConfigureAwait(false)).Succeeded - arrivals.Count;
        await ForAllAsync(hosted => hosted.StartAsync(CancellationToken.None)).ConfigureAwait(false);
    }

    /// <summary>Has it end, when it has told the store of all that it did.</summary>
    public Task StopAsync() => ForAllAsync(hosted => hosted.StopAsync(CancellationToken.None));

    /// <summary>The same where no other worker has been at work, and checks that each job was run once.</summary>
    public async Task StopCheckedAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await CheckRunsAsync(arrivals.Count).ConfigureAwait(false);
    }

    /// <summary>Checks that each job was run once: where as many handlers have begun as jobs have succeeded, none has run twice, since each job that succeeded had one.</summary>
    /// <param name="begun">How many handlers have begun, in all workers.</param>
    public async Task CheckRunsAsync(long begun)
    {
        var succeeded = (await CountsAsync().ConfigureAwait(false)).Succeeded - succeededBefore;
        if (succeeded != begun)
            throw new Refusal($"{begun} handlers began and {succeeded} jobs succeeded: jobs were lost or run twice, so how fast it was is worth nothing.", ExitStatus.WorkFailed);
    }

    private async Task ForAllAsync(Func<IHostedService, Task> act)
    {
        foreach (var hosted in services.GetServices<IHostedService>())
            await act(hosted).ConfigureAwait(false);
    }

    /// <summary>One caller, one job after the other.</summary>
    public Task<double> EnqueueOneAsync(int jobs) => EnqueueAsync(1, jobs);

    /// <summary>Callers who each wait until their job is stored before they bring the next.</summary>
    /// <param name="callers">How many.</param>
    /// <param name="jobs">How many they bring in all, about.</param>
    /// <param name="keyed">Whether each job has a unique and an exclusive key of its own.</param>
    public Task<double> EnqueueAsync(int callers, int jobs, bool keyed = false)
    {
        var each = jobs / callers;
        return StoreAsync(each * callers, () => Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
        {
            await Task.Yield();
            for (var count = 0; count < each; count++)
                await Jobs.EnqueueAsync(Note.Typed, keyed ? KeyedBy(caller, count) : null).ConfigureAwait(false);
        })));
    }

    /// <summary>Many at once.</summary>
    public Task<double> BulkAsync(int jobs) => StoreAsync(jobs, () => Jobs.EnqueueManyAsync(Enumerable.Repeat(Note.Typed, jobs)));

    private async Task<double> StoreAsync(int jobs, Func<Task> work)
    {
        var before = await PendingAsync().ConfigureAwait(false);
        var rate = await Rate.OfAsync(jobs, work).ConfigureAwait(false);
        var stored = await PendingAsync().ConfigureAwait(false) - before;
        return stored == jobs ? rate : throw new Refusal($"{jobs} jobs were enqueued and {stored} are stored, so how fast it was is worth nothing.", ExitStatus.WorkFailed);
    }

    private static Action<EnqueueOptions> KeyedBy(int part, int number) => options =>
        options.UniqueKey = options.ExclusiveKey = string.Create(CultureInfo.InvariantCulture, $"note-{part}-{number}");

    /// <summary>Works through what was enqueued while its queue was paused: from the end of that until the store has been told of every end. The worker is warm by then.</summary>
    /// <param name="jobs">How many.</param>
    /// <param name="before">Is called when all is ready to begin.</param>
    /// <param name="keyed">Whether each job has a unique and an exclusive key of its own.</param>
    public async Task<double> DrainAsync(int jobs, Func<Task>? before = null, bool keyed = false)
    {
        await StartAsync().ConfigureAwait(false);
        await WorkThroughAsync(WarmUps, part: 0, null, keyed).ConfigureAwait(false);
        var rate = await WorkThroughAsync(jobs, part: 1, before, keyed).ConfigureAwait(false);
        await StopCheckedAsync().ConfigureAwait(false);
        return rate;
    }

    private async Task<double> WorkThroughAsync(int jobs, int part, Func<Task>? before, bool keyed)
    {
        await Jobs.PauseQueueAsync(Defaults.Queue, "bench").ConfigureAwait(false);
        var number = 0;
        await Jobs.EnqueueManyAsync(Enumerable.Repeat(Note.Typed, jobs), keyed ? (_, options) => KeyedBy(part, number++)(options) : null).ConfigureAwait(false);
        if (before is not null)
            await before().ConfigureAwait(false);
        var done = arrivals.WhenAsync(arrivals.Count + jobs);
        return await Rate.OfAsync(jobs, async () =>
        {
            await Jobs.ResumeQueueAsync(Defaults.Queue, "bench").ConfigureAwait(false);
            await done.ConfigureAwait(false);
            await WhenToldAsync(arrivals.Count).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Works through what is there already, of which more is left at the end than a worker claims ahead.</summary>
    /// <param name="warmUps">How many to begin with.</param>
    /// <param name="jobs">How many after that.</param>
    public async Task<double> StreamAsync(int warmUps, int jobs) => (await StreamAsync(warmUps, [jobs]).ConfigureAwait(false))[0];

    /// <inheritdoc cref="StreamAsync(int, int)"/>
    /// <returns>The rate of each part.</returns>
    public async Task<IReadOnlyList<double>> StreamAsync(int warmUps, IReadOnlyList<int> parts)
    {
        var (rates, upTo) = (new List<double>(), arrivals.Count + warmUps);
        var reached = arrivals.WhenAsync(upTo);
        await StartAsync().ConfigureAwait(false);
        await reached.ConfigureAwait(false);
        foreach (var jobs in parts)
        {
            upTo += jobs;
            rates.Add(await Rate.OfAsync(jobs, () => arrivals.WhenAsync(upTo)).ConfigureAwait(false));
        }
        await StopCheckedAsync().ConfigureAwait(false);
        return rates;
    }

    /// <summary>Waits until the store has so many jobs that have succeeded.</summary>
    public Task WhenToldAsync(long jobs) => WhenAsync(counts => counts.Succeeded >= jobs);

    /// <summary>Waits until all jobs have ended.</summary>
    public Task WhenNoneIsLeftAsync() => WhenAsync(counts => counts.Pending + counts.Running == 0);

    /// <summary>How many jobs wait.</summary>
    public async Task<long> PendingAsync() => (await CountsAsync().ConfigureAwait(false)).Pending;

    /// <summary>Looks when the store says that some have ended: to look all the time would take from what is measured.</summary>
    private async Task WhenAsync(Func<StateCounts, bool> holds)
    {
        using var ended = new SemaphoreSlim(0);
        using var wakeUps = store.Listen(WakeUp.Ends, _ => ended.Release());
        while (!holds(await CountsAsync().ConfigureAwait(false)))
            await ended.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
    }

    private async Task<StateCounts> CountsAsync() =>
        (await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)).Lanes.SingleOrDefault(lane => lane.Type == NoteType)?.Counts ?? default;

    /// <summary>From the call of the enqueue to the handler's start.</summary>
    /// <param name="samples">How often.</param>
    /// <param name="begun">Where a handler's start is heard of.</param>
    /// <returns>The milliseconds of each.</returns>
    public async Task<IReadOnlyList<double>> PickUpAsync(int samples, ChannelReader<long> begun)
    {
        var times = new List<double>();
        for (var sample = 0; sample < samples; sample++)
        {
            await PickUps.PauseAsync().ConfigureAwait(false);
            var began = Stopwatch.GetTimestamp();
            await Jobs.EnqueueAsync(Note.Typed).ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(began, await begun.ReadAsync().ConfigureAwait(false)).TotalMilliseconds);
        }
        return times;
    }

    /// <summary>From the call that cancels a running job to its handler's hearing of it.</summary>
    /// <inheritdoc cref="PickUpAsync"/>
    public async Task<IReadOnlyList<double>> CancelAsync(int samples, ChannelReader<long> begun)
    {
        var times = new List<double>();
        for (var sample = 0; sample < samples; sample++)
        {
            var job = await Jobs.EnqueueAsync(new Hold()).ConfigureAwait(false);
            await begun.ReadAsync().ConfigureAwait(false);
            await PickUps.PauseAsync().ConfigureAwait(false);
            var began = Stopwatch.GetTimestamp();
            await Jobs.RequestAsync(JobRequest.Cancel, job, "bench").ConfigureAwait(false);
            times.Add(Stopwatch.GetElapsedTime(began, await begun.ReadAsync().ConfigureAwait(false)).TotalMilliseconds);
        }
        return times;
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();

    /// <summary>The handlers that have begun.</summary>
    private sealed class Arrivals(bool stamps)
    {
        private readonly Channel<long> begun = Channel.CreateUnbounded<long>();
        private TaskCompletionSource? reached;
        private long count, awaited;

        public ChannelReader<long> Begun => begun.Reader;

        public long Count => Volatile.Read(ref count);

        /// <summary>Done when so many have begun.</summary>
        public Task WhenAsync(long many)
        {
            var reaching = reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref awaited, many);
            if (Count >= many)
                reaching.TrySetResult();
            return reaching.Task;
        }

        public void Add()
        {
            if (stamps)
                begun.Writer.TryWrite(Stopwatch.GetTimestamp());
            if (Interlocked.Increment(ref count) == Volatile.Read(ref awaited))
                reached?.TrySetResult();
        }
    }

    /// <summary>Runs until it is cancelled, and tells its beginning and that.</summary>
    private sealed class HoldHandler(Arrivals arrivals) : IJobHandler<Hold>
    {
        public async Task HandleAsync(Hold job, JobContext context)
        {
            var cancelled = new TaskCompletionSource();
            using var hearing = context.CancellationToken.Register(() =>
            {
                arrivals.Add();
                cancelled.SetResult();
            });
            arrivals.Add();
            await cancelled.Task.ConfigureAwait(false);
            context.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Does nothing but count.</summary>
    private sealed class NoteHandler(Arrivals arrivals) : IJobHandler<Note>
    {
        public Task HandleAsync(Note job, JobContext context)
        {
            arrivals.Add();
            return Task.CompletedTask;
        }
    }
}
