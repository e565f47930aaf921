using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Testing;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A store in memory, a clock to move by hand, and workers on them. What a test waits for, it waits for by a signal.</summary>
internal sealed class Workbench : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<WorkerHost> workers = [];

    public ManualTime Clock { get; } = new();

    public InMemoryStore Store { get; }

    /// <summary>The store as workers see it. Default: as it is.</summary>
    public IStore Front { get; set; }

    public JobCatalog Catalog { get; } = new();

    public LineLog Lines { get; } = new();

    public Workbench() => Front = Store = new InMemoryStore(Clock);

    /// <summary>Has this worker's program run jobs of a type by a function.</summary>
    public void Handle(string type, Func<JobContext, Task> handle, Action<JobTypeOptions>? configure = null) =>
        HandleResult(type, async context =>
        {
            await handle(context);
            return default;
        }, configure);

    public void HandleResult(string type, JobInvocation invoke, Action<JobTypeOptions>? configure = null)
    {
        var options = new JobTypeOptions();
        configure?.Invoke(options);
        Catalog.Add(new JobType(type, null, options, invoke));
    }

    public async Task<JobId> EnqueueAsync(string type, Func<NewJob, NewJob>? change = null)
    {
        var job = new NewJob { Type = type, Payload = "{}"u8.ToArray() };
        return (await Store.EnqueueAsync([change?.Invoke(job) ?? job], TestContext.Current.CancellationToken))[0].Id;
    }

    /// <summary>A program of typed handlers on this store.</summary>
    public TypedProgram Program(Action<SteadworkBuilder> configure) => new(Front, Clock, configure);

    public async Task<WorkerHost> StartAsync(Action<WorkerOptions>? configure = null, IServiceScopeFactory? scopes = null, JobCatalog? catalog = null)
    {
        // Who moves the clock by hand moves it past heartbeats, which come on a thread of their own.
        var options = new WorkerOptions { Concurrency = 4, Lease = TimeSpan.FromDays(30) };
        configure?.Invoke(options);
        var worker = new WorkerHost(Front, catalog ?? Catalog, options, scopes, Lines, Clock);
        workers.Add(worker);
        await worker.StartAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    public async Task<Job> JobAsync(JobId id) =>
        (await Store.FindAsync(new JobQuery { Ids = [id] }, TestContext.Current.CancellationToken)).Single();

    /// <summary>Waits until a job is as wanted, looking at each wake-up that may have changed it.</summary>
    public async Task<Job> UntilAsync(JobId id, Func<Job, bool> wanted)
    {
        Job? job = null;
        await UntilAsync(async () => wanted(job = await JobAsync(id)));
        return job!;
    }

    /// <summary>Waits until something holds, looking at each wake-up of the store.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var changed = new SemaphoreSlim(1);
        using var wakeUps = Store.Listen(WakeUp.Ends | WakeUp.Jobs | WakeUp.Cancellations, _ => changed.Release());
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        do
            await changed.WaitAsync(patience.Token);
        while (!await holds());
    }

    public Task<Job> UntilAsync(JobId id, JobState state) => UntilAsync(id, job => job.State == state);

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in workers)
            await worker.DisposeAsync();
        await Store.DisposeAsync();
    }
}

/// <summary>One version of a program: what it registers, and the front door that it enqueues by.</summary>
internal sealed class TypedProgram
{
    private readonly ServiceProvider services;

    public TypedProgram(IStore store, TimeProvider clock, Action<SteadworkBuilder> configure) =>
        services = new ServiceCollection().AddSingleton(clock).AddSteadwork(t => configure(t.UseStore(_ => store))).BuildServiceProvider();

    public JobQueue Jobs => services.GetRequiredService<JobQueue>();

    public JobCatalog Catalog => services.GetRequiredService<JobCatalog>();

    public IServiceScopeFactory Scopes => services.GetRequiredService<IServiceScopeFactory>();
}

/// <summary>A store in front of another, for faults to be planted and calls to be seen.</summary>
public class StoreFront : DispatchProxy
{
    private IStore inner = null!;
    private Func<string, object?[], Func<object?>, object?> meddle = null!;

    /// <param name="inner">The store that answers.</param>
    /// <param name="meddle">Gets the name of the method, its arguments and the way to the store.</param>
    public static IStore Of(IStore inner, Func<string, object?[], Func<object?>, object?> meddle)
    {
        var store = Create<IStore, StoreFront>();
        (((StoreFront)(object)store).inner, ((StoreFront)(object)store).meddle) = (inner, meddle);
        return store;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        meddle(targetMethod!.Name, args ?? [], () => targetMethod.Invoke(inner, args));
}

/// <summary>The lines that were logged, with their event ids.</summary>
internal sealed class LineLog : ILoggerFactory, ILogger
{
    private readonly Lock gate = new();
    private readonly List<(int Event, string Text)> lines = [];
    private readonly List<(int Event, TaskCompletionSource Seen)> awaited = [];

    /// <summary>Which lines cannot be written.</summary>
    public Func<string, bool> Fails { get; set; } = static _ => false;

    public IReadOnlyList<(int Event, string Text)> All
    {
        get
        {
            lock (gate)
                return [.. lines];
        }
    }

    /// <summary>Waits for a line with an event id.</summary>
    public Task SeenAsync(int eventId)
    {
        lock (gate)
        {
            if (lines.Any(line => line.Event == eventId))
                return Task.CompletedTask;
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((eventId, seen));
            return seen.Task.WaitAsync(Workbench.Patience);
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (gate)
        {
            if (Fails(formatter(state, exception)))
                throw new IOException("The disk is full.");
            lines.Add((eventId.Id, formatter(state, exception)));
            foreach (var (_, seen) in awaited.Where(wait => wait.Event == eventId.Id))
                seen.TrySetResult();
        }
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) { }

    public void Dispose() { }
}
