using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Workers;
using Steadwork.Workers.Running;

namespace Steadwork.Bench;

/// <summary>What each job passes through inside of a process: its payload, its handler, its outcome.</summary>
[MemoryDiagnoser]
public class HotPaths
{
    private static readonly Note Typed = new("notes/2026/a-note-of-usual-length.md", 12345, ["a", "b", "c"], "import of notes");
    private static readonly RunningJob Running = new(1, 0, 3, null);
    private static readonly JobError Error = new("System.IO.IOException", "The disk is full.");

    private readonly PayloadJson json = new();
    private ServiceProvider services = null!;
    private WorkerParts parts = null!;
    private Incarnation incarnation = null!;
    private ClaimedJob job = null!;
    private byte[] payload = null!;

    [GlobalSetup]
    public async Task BeginAsync()
    {
        payload = json.Write(Typed);
        var store = new InMemoryStore();
        services = new ServiceCollection()
            .AddSteadwork(steadwork => steadwork.UseStore(_ => store).AddHandler<Note, NoteHandler>("note").AddWorker())
            .BuildServiceProvider();
        var options = new WorkerOptions();
        parts = new WorkerParts(services.GetRequiredService<JobCatalog>(), options, store, TimeProvider.System, services.GetRequiredService<IServiceScopeFactory>(), NullLogger.Instance, NullLogger.Instance);
        var worker = await store.StartWorkerAsync(new WorkerStart("bench", [Defaults.Queue], ["note"], 10, options.Lease), CancellationToken.None);
        incarnation = new Incarnation(worker, TimeSpan.FromDays(1), TimeProvider.System);
        await store.EnqueueAsync([new NewJob { Type = "note", Payload = payload }], CancellationToken.None);
        job = (await store.ExchangeAsync(worker.Id, [], new ClaimRequest([Defaults.Queue], ["note"], 1, 0), CancellationToken.None)).Claimed[0];
    }

    [GlobalCleanup]
    public ValueTask EndAsync() => services.DisposeAsync();

    [Benchmark(Description = "payload to JSON")]
    public byte[] Write() => json.Write(Typed);

    [Benchmark(Description = "payload from JSON")]
    public object Read() => json.Read<Note>(payload);

    [Benchmark(Description = "lifecycle: after a success")]
    public object Succeed() => JobLifecycle.AfterAttempt(Running, new Outcome.Returned(default), RetrySchedule.Default, default, 0.5);

    [Benchmark(Description = "lifecycle: after a failure")]
    public object Fail() => JobLifecycle.AfterAttempt(Running, new Outcome.Threw(Error), RetrySchedule.Default, default, 0.5);

    [Benchmark(Description = "dispatch: scope, payload, handler, outcome")]
    public async Task DispatchAsync()
    {
        using var run = new JobRun(job, incarnation, parts);
        if (await run.ExecuteAsync() is not { Transition: Transition.Succeed })
            throw new InvalidOperationException("The job did not succeed.");
    }

    public sealed record Note(string Path, int Size, string[] Tags, string Reason);

    public sealed class NoteHandler : IJobHandler<Note>
    {
        public Task HandleAsync(Note job, JobContext context) => Task.CompletedTask;
    }
}
