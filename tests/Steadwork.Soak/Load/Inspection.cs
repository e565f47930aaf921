using System.Globalization;
using Steadwork.Storage;

namespace Steadwork.Soak.Load;

/// <summary>
/// Holds a store against the ledger once all has ended: nothing acknowledged is lost, nothing is there twice, each job has
/// exactly one accepted completion by the log, and no handler ran that no attempt tells of.
/// </summary>
public sealed class Inspection(IStore store, WorkLedger ledger)
{
    private const int Page = 10_000;
    private readonly List<string> violations = [];
    private readonly Dictionary<string, Job> jobs = [];
    private readonly Dictionary<JobId, int> successes = [];
    // By the server's clock, which is this machine's.
    private readonly List<DateTimeOffset> claims = [];

    public IReadOnlyList<string> Violations => violations;

    public IReadOnlyList<string> Lines => [
        $"{ledger.Acknowledged.Count} jobs acknowledged; the enqueue of {ledger.Thrown} threw, of which {ledger.Unknown.Count} were not told again and {ledger.Unknown.Count(jobs.ContainsKey)} of those are stored",
        $"{jobs.Count} jobs stored, {successes.Values.Sum()} completions in the log, {ledger.Starts} handler starts, {jobs.Values.Sum(job => job.Attempt)} recorded attempts; the ends of {ledger.Taken} acknowledged"];

    public async Task RunAsync()
    {
        await ReadJobsAsync();
        await ReadLogAsync();
        foreach (var (key, id) in ledger.Acknowledged)
            Expect(jobs.GetValueOrDefault(key)?.Id == id, $"job {id} with the key {key} was acknowledged and is lost");
        foreach (var (key, job) in jobs)
        {
            Expect(job.State is JobState.Succeeded, $"job {job.Id} is {job.State}: {job.LastError}");
            Expect(successes.GetValueOrDefault(job.Id) == 1, $"job {job.Id} has {successes.GetValueOrDefault(job.Id)} completions in the log");
            Expect(ledger.StartsOf(job.Id) <= job.Attempt, $"job {job.Id} was started {ledger.StartsOf(job.Id)} times and has {job.Attempt} attempts");
            Expect(ledger.EndsOf(job.Id) > 0, $"job {job.Id} succeeded, but its handler never came to its end");
            Expect(ledger.Acknowledged.ContainsKey(key) || ledger.IsUnknown(key), $"job {job.Id} with the key {key} was enqueued by nobody");
        }
        violations.AddRange(ledger.StartedAgain.Select(job => $"job {job} was started again after its end had been acknowledged"));
        Expect(ledger.Taken > 0, "no end was acknowledged");
        var counts = (await store.StatisticsAsync(CancellationToken.None)).Lanes.Aggregate(default(StateCounts), (sum, lane) => sum + lane.Counts);
        Expect(counts == new StateCounts(0, 0, 0, jobs.Count, 0, 0), $"the kept counts of {jobs.Count} succeeded jobs are {counts}");
    }

    /// <summary>How long after some moments the first claim came, in words.</summary>
    public string ClaimsAfter(string what, IReadOnlyList<DateTimeOffset> moments) =>
        string.Create(CultureInfo.InvariantCulture, $"first claim after {what}: median {Waits(moments).At(0.5) / 1000:0.00} s, longest {Waits(moments).Max() / 1000:0.00} s");

    /// <summary>What is wrong with these waits, in words.</summary>
    public IEnumerable<string> LateClaims(IReadOnlyList<DateTimeOffset> moments, TimeSpan limit) =>
        Waits(moments).Where(wait => wait > limit.TotalMilliseconds).Select(wait => string.Create(CultureInfo.InvariantCulture, $"the first claim came {wait / 1000:0.0} s after the server took writes again"));

    private List<double> Waits(IReadOnlyList<DateTimeOffset> moments) =>
        [.. moments.Select(at => (claims.Find(claim => claim >= at) is var first && first >= at ? first - at : TimeSpan.MaxValue).TotalMilliseconds)];

    private async Task ReadJobsAsync()
    {
        JobId? before = null;
        while (await store.FindAsync(new JobQuery { Limit = Page, Before = before }, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var job in page)
                Expect(jobs.TryAdd(SteadyLoad.KeyOf(job), job), $"two jobs have the key {SteadyLoad.KeyOf(job)}");
            before = page[^1].Id;
        }
    }

    private async Task ReadLogAsync()
    {
        long after = 0;
        while (await store.ReadAsync(after, Page, CancellationToken.None) is { Count: > 0 } entries)
        {
            foreach (var entry in entries)
            {
                Expect(entry.Position == ++after, $"the log goes from position {after - 1} to {entry.Position}");
                after = entry.Position;
                if (entry.Kind == "succeeded")
                    successes[entry.Job!.Value] = successes.GetValueOrDefault(entry.Job.Value) + 1;
                else if (entry.Kind == LogKinds.Claimed)
                    claims.Add(entry.At);
            }
        }
        claims.Sort();
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
            violations.Add(otherwise);
    }
}
