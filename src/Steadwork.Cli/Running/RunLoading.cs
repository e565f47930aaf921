using System.Text.Json;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Running;

/// <summary>Brings the list into the store: what is new is enqueued, what is known stays what it is.</summary>
internal sealed class RunLoading(IStore store, RunPlan plan)
{
    public const string LeftOut = "the item is no longer in the list of its run";

    private readonly string queue = RunQueue.Of(plan.Name);

    /// <summary>Claims the name for this work.</summary>
    /// <exception cref="Refusal">The name means other work.</exception>
    public async Task DefineAsync()
    {
        var mine = JsonSerializer.Serialize(plan.Definition, RunJson.Default.RunDefinition);
        var standing = await store.DefineQueueAsync(queue, mine, CancellationToken.None).ConfigureAwait(false);
        if (standing == mine)
            return;
        var other = JsonSerializer.Deserialize(standing, RunJson.Default.RunDefinition)!;
        throw new Refusal($"The run '{plan.Name}' is known with another command or kind of items: {Programs.ShellQuoting.Join(other.Command)}{(other.JsonItems ? " with --jsonl" : "")}{(other.ItemOnInput ? " with --stdin" : "")}. Give another --name, or the same command.");
    }

    /// <summary>Loads the items, in chunks.</summary>
    public async Task<RunTally> LoadAsync(ItemList list, CancellationToken cancellation)
    {
        var tally = new RunTally();
        var numbered = plan.Definition.Command.Any(argument => argument.Contains("{#}", StringComparison.Ordinal));
        var known = new List<JobId>();
        foreach (var chunk in list.Items.Chunk(Defaults.BulkChunk))
        {
            cancellation.ThrowIfCancellationRequested();
            var first = tally.Items + 1;
            var jobs = chunk.Select((item, index) => RunItems.Job(item, plan.Name, plan.Attempts, numbered ? first + index : null)).ToArray();
            foreach (var stored in await store.EnqueueAsync(jobs, CancellationToken.None).ConfigureAwait(false))
            {
                tally.Load(stored.Id, stored.State);
                if (stored.Existing)
                    known.Add(stored.Id);
            }
        }
        if (known.Count > 0)
            await TakeUpAsync(tally, known).ConfigureAwait(false);
        await LeaveOutAsync(tally).ConfigureAwait(false);
        return tally;
    }

    /// <summary>Has items run again that were left out of an earlier list, and with <c>--retry-failed</c> those that failed.</summary>
    private async Task TakeUpAsync(RunTally tally, List<JobId> known)
    {
        var again = known.FindAll(job => plan.RetryFailed && tally.StateAt(tally.PlaceOf(job)!.Value) is JobState.Failed);
        var cancelled = known.FindAll(job => tally.StateAt(tally.PlaceOf(job)!.Value) is JobState.Cancelled);
        foreach (var chunk in cancelled.Chunk(Defaults.BulkChunk))
        {
            var jobs = await store.FindAsync(new JobQuery { Ids = chunk }, CancellationToken.None).ConfigureAwait(false);
            again.AddRange(jobs.Where(job => job.CancelReason == LeftOut).Select(job => job.Id));
        }
        foreach (var chunk in again.Chunk(Defaults.BulkChunk))
        {
            var answers = await store.RequestAsync(chunk, JobRequest.Retry, "taken up by its run", CancellationToken.None).ConfigureAwait(false);
            for (var index = 0; index < chunk.Length; index++)
            {
                if (answers[index] is RequestAnswer.Done)
                    tally.Note(tally.PlaceOf(chunk[index])!.Value, JobState.Pending);
            }
        }
    }

    /// <summary>Items of an earlier list that this one does not name are not run; the next list that names them takes them up.</summary>
    private async Task LeaveOutAsync(RunTally tally)
    {
        // Workers that were killed with their orchestrator are at work no longer.
        await store.RecoverAsync(CancellationToken.None).ConfigureAwait(false);
        var statistics = await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false);
        var lane = statistics.Lanes.FirstOrDefault(lane => lane.Queue == queue);
        var atWork = statistics.Workers.Any(worker => worker.Queues.Contains(queue));
        if (lane is null || lane.Counts.Pending + lane.Counts.Succeeded + lane.Counts.Failed + lane.Counts.Cancelled + lane.Counts.Running <= tally.Items || atWork)
            return;
        var others = new List<JobId>();
        await foreach (var page in store.PagesAsync(new JobQuery { Queue = queue, State = JobState.Pending }).ConfigureAwait(false))
            others.AddRange(page.Select(job => job.Id).Where(job => tally.PlaceOf(job) is null));
        foreach (var chunk in others.Chunk(Defaults.BulkChunk))
            await store.RequestAsync(chunk, JobRequest.Cancel, LeftOut, CancellationToken.None).ConfigureAwait(false);
    }
}
