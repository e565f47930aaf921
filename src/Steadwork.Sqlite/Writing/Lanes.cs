using System.Runtime.InteropServices;
using Steadwork.Sqlite.Connections;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Writing;

/// <summary>The lanes by name, and the changes to their counts, summed up so that each lane is written once a transaction.</summary>
internal sealed class Lanes(Database database)
{
    private readonly Dictionary<(string Queue, string Type, string Requires), long> ids = [];
    private readonly Dictionary<long, Change> changes = [];
    private ((string Queue, string Type, string Requires) Name, long Id) last;

    private record struct Change(long Ready, StateCounts States);

    /// <summary>The lane of a job; it is made if there is none.</summary>
    public long Of(NewJob job)
    {
        var name = (job.Queue, job.Type, Requirement.Text(job.Requires));
        // Many jobs of one type come after each other.
        if (last.Id != 0 && last.Name.Equals(name))
            return last.Id;
        if (!ids.TryGetValue(name, out var id))
            ids[name] = id = Find(name);
        last = (name, id);
        return id;
    }

    private long Find((string Queue, string Type, string Requires) name)
    {
        database["insert-lane"].Bind(1, name.Queue).Bind(2, name.Type).Bind(3, name.Requires).Run();
        return database["lane-of"].Bind(1, name.Queue).Bind(2, name.Type).Bind(3, name.Requires).First(row => row.Long(0));
    }

    public void CountReady(long lane, int change) =>
        CollectionsMarshal.GetValueRefOrAddDefault(changes, lane, out _).Ready += change;

    public void Count(long lane, JobState state, int change)
    {
        ref var all = ref CollectionsMarshal.GetValueRefOrAddDefault(changes, lane, out _);
        all.States = all.States.With(state, change);
    }

    public void Move(long lane, JobState from, JobState to)
    {
        Count(lane, from, -1);
        Count(lane, to, +1);
    }

    /// <summary>Writes the sums. Statements that read the counts need it before them.</summary>
    public void Flush()
    {
        foreach (var (lane, change) in changes)
        {
            if (change == default)
                continue;
            var states = change.States;
            database["count-lane"].Bind(1, lane).Bind(2, change.Ready)
                .Bind(3, states.Pending).Bind(4, states.Waiting).Bind(5, states.Running)
                .Bind(6, states.Succeeded).Bind(7, states.Failed).Bind(8, states.Cancelled).Run();
            if (change.Ready != 0)
                database["mark-lane"].Bind(1, lane).Run();
        }
        changes.Clear();
    }

    /// <summary>After a rollback: lanes made in it do not exist.</summary>
    public void Forget()
    {
        changes.Clear();
        ids.Clear();
        last = default;
    }
}
