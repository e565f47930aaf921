using System.Collections.Concurrent;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The numbers of lanes by name. A lane is made in a transaction of its own, so that nobody waits for another's to end.</summary>
internal sealed class Lanes(Database database)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Queue, string Type, string Requires), int> known = new();
    private readonly ConcurrentDictionary<int, (string Queue, string Type)> names = new();

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
        if (Missing(jobs) is { } unknown)
            Keep(await database.RunAsync(connection, Finding(unknown), LanesAsync, transaction).ConfigureAwait(false));
        if (Missing(jobs) is not { } missing)
            return Of;
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        soon.CancelAfter(Patience);
        var elsewhere = Making(missing);
        elsewhere.Commands.Timeout = (int)Patience.TotalSeconds;
        try
        {
            Keep(await database.RunAsync(elsewhere, LanesAsync, soon.Token).ConfigureAwait(false));
            return Of;
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Known to this transaction alone, which may come to nothing.
            var made = (await database.RunAsync(connection, Making(missing), LanesAsync, transaction).ConfigureAwait(false)).ToDictionary(lane => lane.Name, lane => lane.Id);
            return job => made.TryGetValue(NameOf(job), out var lane) ? lane : Of(job);
        }
    }

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

    private void Keep(List<((string, string, string) Name, int Id)> lanes)
    {
        foreach (var (name, id) in lanes)
            known[name] = id;
    }

    /// <summary>The queue and the type of a lane; false when they have to be learnt.</summary>
    public bool TryName(int lane, out (string Queue, string Type) name) => names.TryGetValue(lane, out name);

    /// <summary>Learns the queues and types of lanes that there are.</summary>
    public async Task LearnAsync(IEnumerable<int> lanes)
    {
        foreach (var (lane, queue, type) in await database.RunAsync(
            database.Batch().Add("lane-names", Value.Of([.. lanes.Distinct()])),
            reader => reader.AllAsync(row => (row.Int(0), row.Text(1), row.Text(2))), CancellationToken.None).ConfigureAwait(false))
            names[lane] = (queue, type);
    }

    private Batch Finding(List<(string Queue, string Type, string Requires)> lanes) => database.Batch().Add("lanes-of", Names(lanes));

    private Batch Making(List<(string Queue, string Type, string Requires)> lanes) => database.Batch()
        .Add("make-lanes", Names(lanes))
        .Add("lanes-of", Names(lanes));

    private static NpgsqlParameter[] Names(List<(string Queue, string Type, string Requires)> lanes) =>
        [Value.Of(lanes.ConvertAll(lane => (string?)lane.Queue).ToArray()), Value.Of(lanes.ConvertAll(lane => (string?)lane.Type).ToArray()), Value.Of(lanes.ConvertAll(lane => (string?)lane.Requires).ToArray())];

    private static Task<List<((string Queue, string Type, string Requires) Name, int Id)>> LanesAsync(NpgsqlDataReader reader) =>
        reader.AllAsync(row => ((row.Text(0), row.Text(1), row.Text(2)), row.Int(3)));
}
