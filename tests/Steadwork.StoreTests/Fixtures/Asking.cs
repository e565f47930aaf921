using Steadwork.Storage;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>The calls of a store as tests like to write them.</summary>
internal static class Asking
{
    private const int All = 1_000_000;

    public static async Task<JobId[]> AddAsync(this IStore store, params NewJob[] jobs) =>
        [.. (await store.EnqueueAsync(jobs, CancellationToken.None)).Select(job => job.Id)];

    public static async Task<JobId> AddOneAsync(this IStore store, NewJob job) => (await store.AddAsync(job))[0];

    public static async Task<EnqueuedJob> EnqueueOneAsync(this IStore store, NewJob job) =>
        (await store.EnqueueAsync([job], CancellationToken.None))[0];

    public static Task<StoredBatch> AddAsync(this IStore store, NewBatch batch) => store.AddBatchAsync(batch, CancellationToken.None);

    public static async Task<BatchView> BatchAsync(this IStore store, BatchId batch) => (await store.BatchesAsync([batch], CancellationToken.None)).Single();

    public static Task<bool?> CloseAsync(this IStore store, BatchId batch) => store.CloseBatchAsync(batch, CancellationToken.None);

    public static async Task<TestWorker> StartAsync(
        this IStore store, string[]? queues = null, string[]? types = null, int capacity = 10, TimeSpan? lease = null, string[]? tags = null, ClaimRule? rule = null,
        BreakerDefinition[]? breakers = null, TypeBreakers[]? typeBreakers = null)
    {
        var start = new WorkerStart("worker", queues ?? [Defaults.Queue], types ?? [Some.Type], capacity, lease ?? Some.Lease)
        {
            Tags = tags ?? [], Rule = rule ?? ClaimRule.Default, Breakers = breakers ?? [], TypeBreakers = typeBreakers ?? [],
        };
        return new TestWorker(store, await store.StartWorkerAsync(start, CancellationToken.None), start);
    }

    public static async Task<Job> JobAsync(this IStore store, JobId id) => (await store.FindAsync(new JobQuery { Ids = [id] }))[0];

    public static Task<IReadOnlyList<Job>> FindAsync(this IStore store, JobQuery query) => store.FindAsync(query, CancellationToken.None);

    public static Task<IReadOnlyList<Job>> FindAllAsync(this IStore store) => store.FindAsync(new JobQuery { Limit = All });

    public static Task<IReadOnlyList<Attempt>> AttemptsAsync(this IStore store, JobId id) => store.AttemptsAsync(id, CancellationToken.None);

    public static Task<IReadOnlyList<LogEntry>> LogAsync(this IStore store, long after = 0) => store.ReadAsync(after, All, CancellationToken.None);

    public static async Task<string[]> LogKindsAsync(this IStore store, JobId job) =>
        [.. (await store.LogAsync()).Where(entry => entry.Job == job).Select(entry => entry.Kind)];

    public static Task<StoreStatistics> StatisticsAsync(this IStore store) => store.StatisticsAsync(CancellationToken.None);

    public static async Task<StateCounts> CountsAsync(this IStore store) =>
        (await store.StatisticsAsync()).Lanes.Aggregate(default(StateCounts), (sum, lane) => sum + lane.Counts);

    public static async Task<RequestAnswer> RequestAsync(this IStore store, JobRequest request, JobId job, string reason = "asked") =>
        (await store.RequestAsync([job], request, reason, CancellationToken.None))[0];

    /// <summary>Prunes to the end, and adds up what has gone.</summary>
    public static Task<Pruned> PruneAllAsync(this IStore store, RetentionRules rules, int most = 100) => WalkAsync(mark => store.PruneAsync(rules, mark, most, CancellationToken.None));

    /// <summary>Adds up what would go.</summary>
    public static Task<Pruned> ExpiredAllAsync(this IStore store, RetentionRules rules, int most = 100) => WalkAsync(mark => store.ExpiredAsync(rules, mark, most, CancellationToken.None));

    private static async Task<Pruned> WalkAsync(Func<PruneMark, Task<Pruned>> step)
    {
        var sum = new Pruned(0, 0, 0, default, IsOver: false);
        while (!sum.IsOver)
        {
            var next = await step(sum.Reached);
            sum = next with { Jobs = sum.Jobs + next.Jobs, Attempts = sum.Attempts + next.Attempts, LogEntries = sum.LogEntries + next.LogEntries };
        }
        return sum;
    }

    public static Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(this IStore store) => store.RecoverAsync(CancellationToken.None);
}
