using System.Collections.Concurrent;
using Steadwork.Storage;

namespace Steadwork.Soak.Load;

/// <summary>What the load itself knows, apart from the store: which enqueues and ends were acknowledged, which have an unknown outcome, and which handlers began and ended.</summary>
public sealed class WorkLedger
{
    private readonly ConcurrentDictionary<string, JobId> acknowledged = [];
    private readonly ConcurrentDictionary<string, bool> unknown = [];
    private readonly ConcurrentDictionary<JobId, int> starts = [];
    private readonly ConcurrentDictionary<JobId, int> ends = [];
    private readonly ConcurrentDictionary<JobId, bool> taken = [];
    private readonly ConcurrentQueue<JobId> startedAgain = [];

    public IReadOnlyDictionary<string, JobId> Acknowledged => acknowledged;

    /// <summary>The keys of jobs whose enqueue threw and was not told again.</summary>
    public IReadOnlyCollection<string> Unknown => [.. unknown.Keys.Where(IsUnknown)];

    public bool IsUnknown(string key) => unknown.ContainsKey(key) && !acknowledged.ContainsKey(key);

    /// <summary>How many jobs' enqueue threw at least once.</summary>
    public int Thrown => unknown.Count;

    public int Starts => starts.Values.Sum();

    public int StartsOf(JobId job) => starts.GetValueOrDefault(job);

    public int EndsOf(JobId job) => ends.GetValueOrDefault(job);

    /// <summary>How many jobs a handler has come to the end of.</summary>
    public int Finished => ends.Count;

    /// <summary>How many acknowledged jobs no handler has come to the end of.</summary>
    public int Open => acknowledged.Count - ends.Count;

    public void Acknowledge(IEnumerable<string> keys, IEnumerable<EnqueuedJob> answers)
    {
        foreach (var (key, answer) in keys.Zip(answers))
            acknowledged[key] = answer.Id;
    }

    public void Doubt(IEnumerable<string> keys)
    {
        foreach (var key in keys)
            unknown[key] = true;
    }

    /// <summary>How many jobs' ends the store has acknowledged.</summary>
    public int Taken => taken.Count;

    /// <summary>The jobs that were begun after the store had acknowledged their end.</summary>
    public IReadOnlyCollection<JobId> StartedAgain => startedAgain;

    public void Started(JobId job)
    {
        if (taken.ContainsKey(job))
            startedAgain.Enqueue(job);
        starts.AddOrUpdate(job, 1, static (_, times) => times + 1);
    }

    /// <summary>The store has acknowledged its end.</summary>
    public void Take(JobId job) => taken[job] = true;

    public void Ended(JobId job) => ends.AddOrUpdate(job, 1, static (_, times) => times + 1);
}
