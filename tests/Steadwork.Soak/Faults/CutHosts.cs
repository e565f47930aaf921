using System.Diagnostics;
using System.Globalization;
using Steadwork.PostgreSql;
using Steadwork.Soak.Load;
using Steadwork.Soak.Servers;
using Steadwork.Storage;

namespace Steadwork.Soak.Faults;

/// <summary>
/// Workers on several hosts, one of which is cut off for longer than its lease and joined again: what it held is run
/// elsewhere in time, what it completes too late is refused, and it goes on by itself.
/// </summary>
/// <param name="cli">The <c>steadwork</c> program.</param>
/// <param name="folder">Where to work.</param>
/// <param name="progress">Told how far it is.</param>
public sealed class CutHosts(string cli, string folder, Action<string> progress)
{
    private const string Type = "item";
    private const int Hosts = 3, Concurrency = 3, Backlog = 40;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3), Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CutTime = 3 * Lease, WorkLimit = TimeSpan.FromMinutes(1), EndLimit = TimeSpan.FromMinutes(2);

    private readonly HostLedger ledger = new(folder);
    private readonly List<string> violations = [];
    private readonly List<(DateTimeOffset At, JobId Job, LeaseToken Lease)> cutOff = [];
    private readonly List<double> returns = [];
    private readonly HashSet<JobId> acknowledged = [];
    private int refused;

    /// <exception cref="NoHostsException">Hosts cannot be made here.</exception>
    public async Task<FaultReport> RunAsync(int cuts)
    {
        await using var network = await HostNetwork.MakeAsync(Hosts);
        await using var server = await PostgresServer.MakeAsync(Path.Combine(folder, "server"), network.Address);
        await using var store = await PostgreSqlStore.OpenAsync(server.Url);
        var workers = Enumerable.Range(0, Hosts).Select(host => Start(network, host, server.Url)).ToList();
        try
        {
            using var enough = new CancellationTokenSource();
            var producing = ProduceAsync(store, enough.Token);
            for (var done = 0; done < cuts; done++)
            {
                await CutAsync(network, server, store, Random.Shared.Next(Hosts));
                progress($"{done + 1} of {cuts} cuts, {acknowledged.Count} jobs acknowledged, {violations.Count} violations");
            }
            enough.Cancel();
            await producing;
            await WaitAsync(async () => (await store.StatisticsAsync(CancellationToken.None)).Lanes.All(lane => lane.Counts.Pending + lane.Counts.Running == 0), EndLimit, "all jobs have ended");
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
        return await VerifyAsync(store, cuts);
    }

    private SteadworkRun Start(HostNetwork network, int host, string url)
    {
        string[] words = [.. network.AtHomeOn(host, folder), cli, "work", "--store", url,
            "--exec", $"{Type}={ledger.ProgramOf(host)}", "--lease", $"{Lease.TotalSeconds}s", "--concurrency", $"{Concurrency}"];
        return new SteadworkRun(words[0], folder, words.Skip(1));
    }

    /// <summary>Keeps all hosts at work.</summary>
    private async Task ProduceAsync(IStore store, CancellationToken stop)
    {
        using var ended = new SemaphoreSlim(0);
        using var ends = store.Listen(WakeUp.Ends, _ => ended.Release());
        while (!stop.IsCancellationRequested)
        {
            var missing = Backlog - (acknowledged.Count - ledger.Read().Where(line => line.Word == "end").Select(line => line.Job).Distinct().Count());
            if (missing > 0)
                acknowledged.UnionWith((await store.EnqueueAsync([.. Enumerable.Repeat(new NewJob { Type = Type, Payload = "{}"u8.ToArray() }, missing)], CancellationToken.None)).Select(job => job.Id));
            // Jobs of a host that is cut off end in the ledger alone.
            await ended.WaitAsync(Look, CancellationToken.None);
        }
    }

    private async Task CutAsync(HostNetwork network, PostgresServer server, PostgreSqlStore store, int host)
    {
        DateTimeOffset at = default;
        await WaitAsync(async () =>
        {
            if (!Enumerable.Range(0, Hosts).All(any => ledger.OpenOn(any).Count > 0))
                return false;
            await network.CutAsync(host);
            at = TimeProvider.System.GetUtcNow();
            if (ledger.OpenOn(host).Count > 0)
                return true;
            // It came to its end in that moment.
            await network.JoinAsync(host);
            return false;
        }, WorkLimit, "a host was cut off while all were at work");
        cutOff.AddRange(ledger.OpenOn(host).Select(run => (at, run.Job, run.Lease)));
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < CutTime; await Task.Delay(Look, TimeProvider.System))
            await ClaimLateAsync(server, store, host);
        await network.JoinAsync(host);
        var joined = Stopwatch.GetTimestamp();
        var before = StartsOn(host);
        await WaitAsync(() => Task.FromResult(StartsOn(host) > before), WorkLimit, $"host {host}, joined again, works");
        returns.Add(Stopwatch.GetElapsedTime(joined).TotalMilliseconds);
    }

    /// <summary>Tells the store what the cut host would, of jobs that run elsewhere in this moment: their ends by the leases that it had. Takes back what should not have been accepted.</summary>
    private async Task ClaimLateAsync(PostgresServer server, PostgreSqlStore store, int host)
    {
        var elsewhere = Enumerable.Range(0, Hosts).Where(any => any != host).SelectMany(ledger.OpenOn).ToList();
        foreach (var (_, job, lease) in cutOff.FindAll(run => elsewhere.Exists(newer => newer.Job == run.Job && newer.Lease.Value > run.Lease.Value)))
        {
            await using var connection = await server.ConnectAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            if (await store.SettleAsync(new AttemptEnd(job, lease, new Transition.Succeed("{}"u8.ToArray()), TimeProvider.System.GetUtcNow()), transaction, CancellationToken.None))
                violations.Add($"job {job}, which ran elsewhere, could be completed under the lease {lease} of the host that had lost it");
            refused++;
        }
    }

    private int StartsOn(int host) => ledger.Read().Count(line => line.Host == host && line.Word == "start");

    private async Task<FaultReport> VerifyAsync(IStore store, int cuts)
    {
        var log = new List<LogEntry>();
        while (await store.ReadAsync(log.Count, 10_000, CancellationToken.None) is { Count: > 0 } entries)
            log.AddRange(entries);
        var completions = log.Where(entry => entry.Kind == "succeeded").ToLookup(entry => entry.Job!.Value);
        foreach (var job in acknowledged.Where(job => completions[job].Count() != 1))
            violations.Add($"job {job} has {completions[job].Count()} completions in the log");

        var waits = new List<double>();
        foreach (var (at, job, lease) in cutOff)
        {
            var again = log.Find(entry => entry.Kind == LogKinds.Claimed && entry.Job == job && entry.Lease is { } newer && newer.Value > lease.Value);
            waits.Add(((again?.At ?? DateTimeOffset.MaxValue) - at).TotalMilliseconds);
            if (waits[^1] > CutTime.TotalMilliseconds)
                violations.Add(string.Create(CultureInfo.InvariantCulture, $"job {job}, cut off at {at:O}, was claimed anew after {waits[^1]:0} ms"));
        }
        var ends = ledger.Read().Where(line => line.Word == "end").Select(line => line.Lease).ToHashSet();
        var late = cutOff.FindAll(run => ends.Contains(run.Lease));
        foreach (var run in late.Where(run => completions[run.Job].Any(entry => entry.Lease == run.Lease)))
            violations.Add($"job {run.Job} was completed under the lease {run.Lease} of a host that had lost it");
        if (refused == 0)
            violations.Add("no job was met at work elsewhere while the host that it was taken from was cut off: nothing is known of what the store does with its lease");
        if (late.Count == 0)
            violations.Add("no program that ran on a host when it was cut off came to its end: nothing is known of late completions");
        return new FaultReport([
            $"{cuts} cuts of one of {Hosts} hosts for {CutTime.TotalSeconds:0} s with a lease of {Lease.TotalSeconds:0} s",
            $"{acknowledged.Count} jobs acknowledged, {completions.Sum(job => job.Count())} completions in the log, {ledger.Read().Count(line => line.Word == "start")} program starts",
            $"{cutOff.Count} programs ran on hosts at the time of their cuts, {late.Count} of them to their end, none of these ends accepted; the lease of the cut host refused {refused} times while the job ran elsewhere",
            $"claimed elsewhere after the cut: {waits.InWords()}",
            $"at work again after the join: {returns.InWords()}"], violations);
    }

    private async Task WaitAsync(Func<Task<bool>> holds, TimeSpan limit, string what)
    {
        if (!await Until.TrueAsync(holds, limit))
            violations.Add(string.Create(CultureInfo.InvariantCulture, $"after {limit.TotalSeconds:0} s it was not so that {what}"));
    }
}
