using Steadwork.Sqlite;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Defects;

/// <summary>One file, opened twice, as two processes have it.</summary>
/// <param name="types">The job types that workers take.</param>
public abstract class TwoProcesses(params string[] types) : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("steadwork-defects-");

    protected SqliteStore Store { get; private set; } = null!;

    protected SqliteStore Other { get; private set; } = null!;

    protected string Path => System.IO.Path.Combine(folder.FullName, "store.db");

    protected ClaimRequest Any => new(["default"], types, 10, 0);

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Store = SqliteStore.Open(Path);
        Other = SqliteStore.Open(Path);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Other.DisposeAsync();
        folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    protected Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(int count = 1) => EnqueueAsync([.. Enumerable.Repeat(New(types[0]), count)]);

    protected Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(params NewJob[] jobs) => Store.EnqueueAsync(jobs, Token);

    protected static NewJob New(string type) => new() { Type = type, Payload = "{}"u8.ToArray() };

    protected Task<WorkerSession> StartAsync(SqliteStore on) =>
        on.StartWorkerAsync(new WorkerStart("test", ["default"], types, 10, TimeSpan.FromSeconds(30)), Token);

    protected Task<Exchange> ExchangeAsync(SqliteStore on, WorkerSession worker, int max = 10) => on.ExchangeAsync(worker.Id, [], Any with { Max = max }, Token);

    protected async Task<ClaimedJob> ClaimAsync(SqliteStore on, WorkerSession worker) => (await ExchangeAsync(on, worker)).Claimed.Single();

    protected static async Task<bool> EndAsync(SqliteStore on, WorkerSession worker, ClaimedJob job, Transition transition) =>
        (await on.ExchangeAsync(worker.Id, [new AttemptEnd(job.Id, job.Lease, transition, null)], null, Token)).Accepted.Single();

    protected async Task<Job> JobAsync(JobId id) => (await Store.FindAsync(new JobQuery { Ids = [id] }, Token)).Single();
}
