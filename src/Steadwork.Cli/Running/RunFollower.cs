using Steadwork.Storage;

namespace Steadwork.Cli.Running;

/// <summary>Reads the log from where the run began, and brings tally and reporter up to it.</summary>
internal sealed class RunFollower(IStore store, RunTally tally, long position, bool keepOrder, IRunReporter reporter)
{
    private const int Batch = 1000;
    private readonly Queue<int> toTell = new();
    private readonly HashSet<int> held = [];
    private long position = position;
    private int next;

    /// <summary>How long each item that ended took.</summary>
    public List<TimeSpan> Durations { get; } = [];

    /// <summary>Reads what has come since.</summary>
    public async Task CatchUpAsync()
    {
        IReadOnlyList<LogEntry> entries;
        do
        {
            entries = await store.ReadAsync(position, Batch, CancellationToken.None).ConfigureAwait(false);
            foreach (var entry in entries)
                Note(entry);
            if (entries.Count > 0)
                position = entries[^1].Position;
            await TellAsync().ConfigureAwait(false);
        }
        while (entries.Count == Batch);
    }

    /// <summary>The run ends here: what was held back for the sake of order is told as well, for no later start will.</summary>
    public async Task FinishAsync()
    {
        await CatchUpAsync().ConfigureAwait(false);
        foreach (var place in held.Order())
            toTell.Enqueue(place);
        held.Clear();
        await TellAsync().ConfigureAwait(false);
    }

    private void Note(LogEntry entry)
    {
        if (entry.Job is not { } job || tally.PlaceOf(job) is not { } place || StateOf(entry.Kind) is not { } state || !tally.Note(place, state) || !state.IsEnded())
            return;
        if (keepOrder)
            held.Add(place);
        else
            toTell.Enqueue(place);
    }

    private static JobState? StateOf(string kind) => kind switch
    {
        "succeeded" => JobState.Succeeded,
        "failed" => JobState.Failed,
        "cancelled" or LogKinds.Deleted => JobState.Cancelled,
        LogKinds.Retried => JobState.Pending,
        _ => null,
    };

    private async Task TellAsync()
    {
        if (keepOrder)
            Advance();
        while (toTell.Count > 0)
        {
            var places = new List<int>();
            while (places.Count < Batch && toTell.TryDequeue(out var place))
                places.Add(place);
            var jobs = await store.FindAsync(new JobQuery { Ids = places.ConvertAll(place => tally.Jobs[place]) }, CancellationToken.None).ConfigureAwait(false);
            var byId = jobs.ToDictionary(job => job.Id);
            foreach (var place in places)
            {
                if (byId.TryGetValue(tally.Jobs[place], out var job))
                    Tell(job, place);
            }
        }
    }

    private void Tell(Job job, int place)
    {
        if (job is { StartedAt: { } started, FinishedAt: { } finished })
            Durations.Add(finished - started);
        reporter.Ended(job, place + 1);
    }

    /// <summary>Lets go of those whose turn has come: all before them have ended, in this start or an earlier one.</summary>
    private void Advance()
    {
        for (; next < tally.Items && tally.StateAt(next).IsEnded(); next++)
        {
            if (held.Remove(next))
                toTell.Enqueue(next);
        }
    }
}
