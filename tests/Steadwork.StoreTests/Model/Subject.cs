using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Testing;

namespace Steadwork.StoreTests.Model;

/// <summary>A store that is put through a sequence of commands, and what its workers remember of it.</summary>
internal sealed class Subject(IStoreFixture fixture)
{
    private readonly IStore[] views = [fixture.Store, fixture.OpenAnother()];
    private readonly List<Hand> hands = [];
    private readonly List<(Hand Hand, ClaimedJob Job)> past = [];
    private HashSet<string> shown = [];
    private long lastJob;
    private long lastBatch;
    private long logRead;

    /// <summary>A worker with what it believes to hold.</summary>
    internal sealed record Hand(TestWorker Worker)
    {
        public List<ClaimedJob> Held { get; } = [];

        public ClaimedJob? Pick(int which) => Held.Count == 0 ? null : Held[which % Held.Count];
    }

    public IStoreFixture Fixture => fixture;

    public ManualTime Clock => fixture.Clock;

    public IReadOnlyList<IStore> Views => views;

    public IStore View(int which) => views[which % views.Length];

    public void Hire(TestWorker worker) => hands.Add(new Hand(worker));

    public Hand? PickHand(int which) => hands.Count == 0 ? null : hands[which % hands.Count];

    public (Hand Hand, ClaimedJob Job)? PickPast(int which) => past.Count == 0 ? null : past[which % past.Count];

    /// <summary>One of the jobs that there have ever been, or one that there never was.</summary>
    public JobId PickJob(int which) => new(1 + which % (lastJob + 1));

    public void Know(JobId job) => lastJob = Math.Max(lastJob, job.Value);

    /// <summary>One of the batches that there have ever been, or one that there never was.</summary>
    public BatchId PickBatch(int which) => new(1 + which % (lastBatch + 1));

    public void Know(BatchId batch) => lastBatch = Math.Max(lastBatch, batch.Value);

    public void LetGo(Hand hand, ClaimedJob job)
    {
        hand.Held.Remove(job);
        past.Add((hand, job));
    }

    /// <summary>Ends all workers, and all that they hold with them.</summary>
    public async Task EndAllAsync()
    {
        foreach (var hand in hands)
            await hand.Worker.EndAsync();
        hands.Clear();
        foreach (var view in views)
            await view.RecoverAsync();
    }

    /// <summary>Goes on with another store that holds the same, or with this one, without workers.</summary>
    public Subject Successor(IStoreFixture next) => new(next) { lastJob = lastJob, lastBatch = lastBatch, logRead = logRead };

    /// <summary>Everything that the store shows, and what it has logged since this was last asked.</summary>
    /// <param name="whole">
    /// Whether the attempts of all jobs are shown. Else only those of jobs that look otherwise than the last time: to ask for
    /// each job's after each step takes most of the time, and what is wrong with one still shows at the end.
    /// </param>
    public async Task<string> ShowAsync(bool whole = true)
    {
        var entries = await fixture.Store.LogAsync(logRead);
        logRead = entries.Count == 0 ? logRead : entries[^1].Position;
        // Several workers that are found dead at once may be recovered in any order, and so may the jobs of one. What happened
        // to one job stays in its order, and what is said of a worker comes after what is said of its jobs.
        var lines = entries.OrderBy(entry => entry.Worker?.Value ?? 0).ThenBy(entry => entry.Job?.Value ?? long.MaxValue).Select(entry => Picture.Line(entry with { Position = 0 }));
        var before = shown;
        shown = [];
        bool HasAttempts(string job) => shown.Add(job) && (whole || !before.Contains(job));
        return await Picture.WithoutLogAsync(fixture.Store, HasAttempts) + string.Join('\n', lines);
    }
}
