using System.Collections.Concurrent;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The numbers of lanes by name. A lane is made in a transaction of its own, so that nobody waits for another's to end.</summary>
internal sealed class Lanes(Database database)
{
    private const int MostNamed = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Queue, string Type, string Requires), int> known = new();
    private readonly ConcurrentDictionary<int, (string Queue, string Type)> names = new();
    private readonly Lock naming = new();
    private volatile int[] named = [];

    /// <param name="Name">Its queue, type and required tags.</param>
    /// <param name="Id">Its number.</param>
    /// <param name="IsSettled">Whether everybody sees it by now.</param>
    private readonly record struct Lane((string Queue, string Type, string Requires) Name, int Id, bool IsSettled);

    public int Of(NewJob job) => known[NameOf(job)];

    /// <summary>Makes sure that the lanes of some jobs are there.</summary>
    public async ValueTask MakeAsync(IEnumerable<NewJob> jobs, CancellationToken cancellationToken)
    {
        if (Missing(jobs) is { } missing)
            Keep(await database.RunAsync(Making(missing), LanesAsync, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Finds the lanes of some jobs for a caller's transaction, on its connection. One that has to be made is made on another,
    /// unless the caller, and others like it, have all connections that there are: those of the pool, or those of a pooler to the server.
    /// </summary>
    public async Task<Func<NewJob, int>> OfAsync(IReadOnlyList<NewJob> jobs, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        // Those that this transaction has made itself may come to nothing.
        var seen = Missing(jobs) is { } unknown ? await database.RunAsync(connection, Finding(unknown), LanesAsync, transaction).ConfigureAwait(false) : [];
        Keep(seen.FindAll(lane => lane.IsSettled));
        if (Missing(jobs)?.FindAll(name => !seen.Exists(lane => lane.Name == name)) is not { Count: > 0 } missing)
            return Here(seen);
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        soon.CancelAfter(Patience);
        var elsewhere = Making(missing);
        elsewhere.Commands.Timeout = (int)Patience.TotalSeconds;
        try
        {
            Keep(await database.RunAsync(elsewhere, LanesAsync, soon.Token).ConfigureAwait(false));
            return Here(seen);
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return Here([.. seen, .. await database.RunAsync(connection, Making(missing), LanesAsync, transaction).ConfigureAwait(false)]);
        }
    }

    /// <summary>The lane of a job for a transaction that sees these, be they known to others or not.</summary>
    private Func<NewJob, int> Here(List<Lane> seen) => job => known.TryGetValue(NameOf(job), out var lane) ? lane : seen.First(lane => lane.Name == NameOf(job)).Id;

    private static (string Queue, string Type, string Requires) NameOf(NewJob job) => (job.Queue, job.Type, Requirement.Text(job.Requires));

    private List<(string Queue, string Type, string Requires)>? Missing(IEnumerable<NewJob> jobs)
    {
        List<(string Queue, string Type, string Requires)>? missing = null;
        foreach (var job in jobs)
        {
            var name = NameOf(job);
            if (!known.ContainsKey(name) && missing?.Contains(name) is not true)
                (missing ??= []).Add(name);
        }
        return missing;
    }

    private void Keep(List<Lane> lanes)
    {
        foreach (var lane in lanes)
            known[lane.Name] = lane.Id;
    }

    /// <summary>The lanes whose names are known, so that nobody need say them.</summary>
    public int[] Named => named;

    /// <summary>The queue and the type of a lane, as far as they are known.</summary>
    public bool TryName(int lane, out (string Queue, string Type) name) => names.TryGetValue(lane, out name);

    /// <summary>Keeps the queue and the type of a lane.</summary>
    public void Name(int lane, (string Queue, string Type) name)
    {
        lock (naming)
        {
            names[lane] = name;
            named = [.. names.Keys.Take(MostNamed)];
        }
    }

    private Batch Finding(List<(string Queue, string Type, string Requires)> lanes) => database.Batch().Add("lanes-of", Names(lanes));

    private Batch Making(List<(string Queue, string Type, string Requires)> lanes) => database.Batch()
        .Add("make-lanes", Names(lanes))
        .Add("lanes-of", Names(lanes));

    private static NpgsqlParameter[] Names(List<(string Queue, string Type, string Requires)> lanes) =>
        [Value.Of(lanes.ConvertAll(lane => (string?)lane.Queue).ToArray()), Value.Of(lanes.ConvertAll(lane => (string?)lane.Type).ToArray()), Value.Of(lanes.ConvertAll(lane => (string?)lane.Requires).ToArray())];

    private static Task<List<Lane>> LanesAsync(NpgsqlDataReader reader) => reader.AllAsync(row => new Lane((row.Text(0), row.Text(1), row.Text(2)), row.Int(3), row.Bool(4)));
}
