using System.Collections.Concurrent;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The numbers of lanes by name. A lane is made in a transaction of its own, so that nobody waits for another's to end.</summary>
internal sealed class Lanes(Database database)
{
    private readonly ConcurrentDictionary<(string Queue, string Type), int> known = new();

    public int Of(NewJob job) => known[(job.Queue, job.Type)];

    /// <summary>Makes sure that the lanes of some jobs are there.</summary>
    public async ValueTask MakeAsync(IEnumerable<NewJob> jobs, CancellationToken cancellationToken)
    {
        List<(string Queue, string Type)>? missing = null;
        foreach (var job in jobs)
        {
            if (!known.ContainsKey((job.Queue, job.Type)) && missing?.Contains((job.Queue, job.Type)) is not true)
                (missing ??= []).Add((job.Queue, job.Type));
        }
        if (missing is null)
            return;
        string[] queues = [.. missing.Select(lane => lane.Queue)], types = [.. missing.Select(lane => lane.Type)];
        var batch = database.Batch()
            .Add("make-lanes", Value.Of(queues), Value.Of(types))
            .Add("lanes-of", Value.Of(queues), Value.Of(types));
        foreach (var (queue, type, id) in await database.RunAsync(batch, reader => reader.AllAsync(row => (row.Text(0), row.Text(1), row.Int(2))), cancellationToken).ConfigureAwait(false))
            known[(queue, type)] = id;
    }
}
