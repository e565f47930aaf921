using System.Globalization;
using System.Text.Json;
using Steadwork.PostgreSql;
using Steadwork.Soak.Servers;
using Steadwork.Soak.Stores;
using Steadwork.Storage;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Jobs with exclusive keys on four workers that are killed at random, and on hosts that are cut off as well. A ledger apart from the
/// store, with a lock of the operating system for each key, shows that never two are at one key at once, and that none is lost.
/// </summary>
/// <param name="cli">The <c>steadwork</c> program.</param>
/// <param name="folder">Where to work.</param>
/// <param name="seed">Of the draws.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class KeyRun(string cli, string folder, int seed, Action<string> progress)
{
    private const string Type = "item";
    private const int Workers = 4, Concurrency = 4, Attempts = 1000;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3), CutTime = 3 * Lease, EndLimit = TimeSpan.FromMinutes(60);

    private readonly Random random = new(seed);
    private readonly List<string> violations = [];
    private int kills, cuts;

    private string Told => Path.Combine(folder, "ledger");

    private string Overlaps => Path.Combine(folder, "overlaps");

    /// <summary>Four workers of one machine.</summary>
    public async Task<FaultReport> OnMachineAsync(IStorePlace place, int jobs, int keys)
    {
        await using var store = place.Open();
        var program = WriteProgram();
        return await RunAsync(store, _ => Start([cli, .. Work(place.Url, program)]), cut: null, jobs, keys);
    }

    /// <summary>Four hosts with a worker each.</summary>
    /// <exception cref="NoHostsException">Hosts cannot be made here.</exception>
    public async Task<FaultReport> OnHostsAsync(int jobs, int keys)
    {
        await using var network = await HostNetwork.MakeAsync(Workers);
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"), network.Address);
        await using var store = await PostgreSqlStore.OpenAsync(server.Url);
        var program = WriteProgram();
        return await RunAsync(store, host => Start([.. network.AtHomeOn(host, folder), cli, .. Work(server.Url, program)]), async host =>
        {
            await network.CutAsync(host);
            await Task.Delay(CutTime, TimeProvider.System);
            await network.JoinAsync(host);
        }, jobs, keys);
    }

    private static string[] Work(string url, string program) =>
        ["work", "--store", url, "--exec", $"{Type}={program}", "--concurrency", $"{Concurrency}", "--lease", $"{Lease.TotalSeconds}s"];

    private SteadworkRun Start(string[] words) => new(words[0], folder, words.Skip(1));

    private async Task<FaultReport> RunAsync(IStore store, Func<int, SteadworkRun> start, Func<int, Task>? cut, int jobs, int keys)
    {
        foreach (var chunk in Enumerable.Range(0, jobs).Select(_ => NewJob($"k{random.Next(keys)}")).Chunk(1000))
            await store.EnqueueAsync(chunk, CancellationToken.None);
        var workers = Enumerable.Range(0, Workers).Select(start).ToArray();
        var cutting = Task.CompletedTask;
        var told = 0L;
        try
        {
            var ended = Until.TrueAsync(async () => await LeftAsync(store) == 0, EndLimit);
            // The moments of the faults are random; the end of the work is what is waited for.
            while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(random.Next(300, 1500)), TimeProvider.System)) != ended)
            {
                var one = random.Next(Workers);
                if (cut is not null && cutting.IsCompleted && random.Next(3) == 0)
                {
                    await cutting;
                    (cutting, cuts) = (cut(one), cuts + 1);
                }
                else
                {
                    Processes.Signal(workers[one].Id, Processes.SigKill);
                    await workers[one].EndAsync(TimeSpan.FromMinutes(1));
                    workers[one].Dispose();
                    (workers[one], kills) = (start(one), kills + 1);
                }
                if (jobs - await LeftAsync(store) is var done && done >= told + 500)
                    progress($"{told = done} of {jobs} jobs, {kills} kills, {cuts} cuts");
            }
            if (!await ended)
                violations.Add($"{await LeftAsync(store)} jobs had not ended after {EndLimit}");
            await cutting;
        }
        finally
        {
            foreach (var worker in workers)
                worker.Dispose();
        }
        return await VerifyAsync(store, jobs, keys);
    }

    private static async Task<long> LeftAsync(IStore store) =>
        (await store.StatisticsAsync(CancellationToken.None)).Lanes.Sum(lane => lane.Counts.Pending + lane.Counts.Waiting + lane.Counts.Running);

    private async Task<FaultReport> VerifyAsync(IStore store, int jobs, int keys)
    {
        if (File.Exists(Overlaps))
            violations.AddRange(File.ReadLines(Overlaps).Select(line => $"two at once on one key: {line}"));
        var lines = File.ReadLines(Told).Select(line => line.Split(' ')).ToList();
        var ends = lines.FindAll(line => line[0] == "end");
        var all = await store.FindAsync(new JobQuery { Limit = jobs + 1 }, CancellationToken.None);
        if (all.Count != jobs)
            violations.Add($"{all.Count} jobs are there, and {jobs} were enqueued");
        var endedBy = ends.Select(line => long.Parse(line[2], CultureInfo.InvariantCulture)).ToHashSet();
        foreach (var job in all.Where(job => job.State is not JobState.Succeeded || !endedBy.Contains(job.Id.Value)))
            violations.Add($"job {job.Id} is {job.State.Name()}, and its program has {(endedBy.Contains(job.Id.Value) ? "" : "never ")}come to its end");

        foreach (var job in all.Where(job => job.Failures > 0))
        {
            foreach (var attempt in (await store.AttemptsAsync(job.Id, CancellationToken.None)).Where(attempt => attempt.Outcome == AttemptOutcomes.Failed))
                violations.Add($"attempt {attempt.Number} of job {job.Id} failed, and nothing fails here: {attempt.Error?.Message}");
        }
        var completions = new List<LogEntry>();
        for (var position = 0L; await store.ReadAsync(position, 10_000, CancellationToken.None) is { Count: > 0 } entries; position = entries[^1].Position)
            completions.AddRange(entries.Where(entry => entry.Kind == "succeeded"));
        foreach (var twice in completions.CountBy(entry => entry.Job!.Value).Where(count => count.Value != 1))
            violations.Add($"job {twice.Key} was completed {twice.Value} times");
        // At a limit of one the order of a key is that of its jobs.
        var keyOf = all.ToDictionary(job => job.Id, job => job.ExclusiveKey!);
        foreach (var key in completions.GroupBy(entry => keyOf[entry.Job!.Value]))
        {
            if (key.Zip(key.Skip(1)).FirstOrDefault(pair => pair.First.Job!.Value.Value > pair.Second.Job!.Value.Value) is { First: { } early, Second: { } late })
                violations.Add($"job {early.Job} was completed before job {late.Job} of the same key {key.Key}");
        }
        return new FaultReport([
            $"{jobs} jobs over {keys} keys on {Workers} workers of {Concurrency} slots, seed {seed}",
            $"{kills} workers killed, {cuts} cuts of a host for {CutTime.TotalSeconds:0} s with a lease of {Lease.TotalSeconds:0} s",
            $"{lines.Count - ends.Count} program starts, {ends.Count} to their end, {completions.Count} completions"], violations);
    }

    private static NewJob NewJob(string key) => new() { Type = Type, Payload = JsonSerializer.SerializeToUtf8Bytes(key), ExclusiveKey = key, MaxAttempts = Attempts };

    /// <summary>Holds the lock of its key while it runs: the system lets go of it with the last of its processes.</summary>
    private string WriteProgram()
    {
        var locks = Directory.CreateDirectory(Path.Combine(folder, "keys")).FullName;
        var program = Path.Combine(folder, "work.sh");
        File.WriteAllText(program, $"""
            #!/bin/sh
            read -r key
            exec 9>>"{locks}/$key"
            flock -n 9
            # 1 says that another holds it; a flock that is killed with this program says nothing.
            [ $? != 1 ] || echo "$key: job $STEADWORK_JOB_ID, lease $STEADWORK_LEASE_TOKEN" >>"{Overlaps}"
            echo "start $key $STEADWORK_JOB_ID $STEADWORK_LEASE_TOKEN" >>"{Told}"
            sleep 0.0{random.Next(1, 10)}
            echo "end $key $STEADWORK_JOB_ID $STEADWORK_LEASE_TOKEN" >>"{Told}"
            """.ReplaceLineEndings("\n") + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }
}
