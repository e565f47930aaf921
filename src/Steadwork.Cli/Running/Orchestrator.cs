using System.Diagnostics;
using Steadwork.Cli.Outputs;
using Steadwork.Cli.Shell;
using Steadwork.Storage;

namespace Steadwork.Cli.Running;

/// <summary>Starts the workers of a run, replaces those that die, follows what they do, and ends when every item has ended.</summary>
internal sealed class Orchestrator(RunPlan plan, StoreUrl url, IStore store, IRunReporter reporter, RunFolder folder, StartGate gate)
{
    private const int FailuresShown = 20;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RecoveryInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan IdlePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim changed = new(0);
    private string? ending;
    private long? toldToLeave;
    private long? toldToStop;

    /// <returns>The exit status.</returns>
    public async Task<int> RunAsync(ItemList list, RunSignals signals)
    {
        var began = Stopwatch.GetTimestamp();
        var position = (await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false)).LogPosition;
        var loading = new RunLoading(store, plan);
        await loading.DefineAsync().ConfigureAwait(false);
        var tally = await loading.LoadAsync(list, signals.Drain).ConfigureAwait(false);
        reporter.Started(plan, tally, list.Duplicates);

        var follower = new RunFollower(store, tally, position, plan.KeepOrder, reporter);
        using var crew = new Crew(Spec(), WorkersFor(tally), store, () => changed.Release());
        await WorkAsync(crew, tally, follower, signals).ConfigureAwait(false);

        var failures = await FailuresAsync(tally).ConfigureAwait(false);
        reporter.Finished(new RunSummary(plan, tally, list.Duplicates, follower.Durations, failures, crew.Replaced, ending, Stopwatch.GetElapsedTime(began)));
        return signals.Drain.IsCancellationRequested ? ExitStatus.Interrupted : tally.Succeeded == tally.Items ? ExitStatus.Done : ExitStatus.WorkFailed;
    }

    private async Task WorkAsync(Crew crew, RunTally tally, RunFollower follower, RunSignals signals)
    {
        if (tally.IsOver)
            return;
        using var ends = store.Listen(WakeUp.Ends, _ => changed.Release());
        using var stop = signals.Stop.Register(() => changed.Release());
        using var drain = signals.Drain.Register(() => changed.Release());
        crew.Start();
        var recovered = Stopwatch.GetTimestamp();
        do
        {
            await changed.WaitAsync(Tick).ConfigureAwait(false);
            // Short items end by the thousand: they are told of together, and the processor is left to them.
            await Task.Delay(Gather, TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
            while (changed.Wait(0)) { }
            await crew.MendAsync().ConfigureAwait(false);
            if (Stopwatch.GetElapsedTime(recovered) > RecoveryInterval)
            {
                await store.RecoverAsync(CancellationToken.None).ConfigureAwait(false);
                recovered = Stopwatch.GetTimestamp();
            }
            await follower.CatchUpAsync().ConfigureAwait(false);
            reporter.Progress(tally, Math.Min(crew.Alive, tally.Items - tally.Succeeded - tally.Failed - tally.Cancelled));
            Leave(crew, tally, signals);
        }
        while (!await HasLeftAsync(crew, tally).ConfigureAwait(false));
        await follower.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Has the workers end when there is nothing left to do, or something asks for it.</summary>
    private void Leave(Crew crew, RunTally tally, RunSignals signals)
    {
        gate.CountAtLeast(tally.NewlyFailed);
        var why = gate.IsShut ? $"halted: {Numbers.Format(gate.Failed)} failed"
            : tally.IsOver ? null
            : signals.Drain.IsCancellationRequested ? "interrupted"
            : reporter.OutputClosed ? "nobody reads the output any more"
            : null;
        if (toldToLeave is null && (why is not null || tally.IsOver))
        {
            toldToLeave = Stopwatch.GetTimestamp();
            crew.Drain();
        }
        if (ending is null && why is not null)
        {
            ending = why;
            reporter.Draining(why);
        }
        if (toldToStop is null && signals.Stop.IsCancellationRequested)
        {
            toldToStop = Stopwatch.GetTimestamp();
            crew.Stop();
        }
    }

    /// <summary>Whether all workers have ended; or those that have not are held up by something else than work, and need not be waited for.</summary>
    private async Task<bool> HasLeftAsync(Crew crew, RunTally tally)
    {
        if (toldToLeave is not { } left)
            return false;
        if (crew.Alive == 0 || (toldToStop is { } stopped && Stopwatch.GetElapsedTime(stopped) > StopPatience))
            return true;
        // Another start of the same run may have given them items that are none of this list's.
        return tally.IsOver && Stopwatch.GetElapsedTime(left) > IdlePatience && !await AnyRunsAsync().ConfigureAwait(false);
    }

    private async Task<bool> AnyRunsAsync()
    {
        var statistics = await store.StatisticsAsync(CancellationToken.None).ConfigureAwait(false);
        return statistics.Lanes.Any(lane => lane.Queue == RunQueue.Of(plan.Name) && lane.Counts.Running > 0);
    }

    private int WorkersFor(RunTally tally) => (int)Math.Clamp(tally.Items - tally.Succeeded - tally.Failed - tally.Cancelled, 1, plan.Workers);

    private RunSpec Spec() => new()
    {
        Store = url.ToString(),
        Queue = RunQueue.Of(plan.Name),
        Command = plan.Definition.Command,
        JsonItems = plan.Definition.JsonItems,
        ItemOnInput = plan.Definition.ItemOnInput,
        Timeout = plan.Timeout,
        RetryDelay = plan.RetryDelay,
        Folder = folder.Path,
        Results = plan.Results,
        Prints = reporter.Prints,
        Delay = plan.Delay,
        HaltAfter = plan.HaltAfter,
    };

    private async Task<IReadOnlyList<Job>> FailuresAsync(RunTally tally)
    {
        var ids = new List<JobId>();
        for (var place = 0; place < tally.Items && ids.Count < FailuresShown; place++)
        {
            if (tally.StateAt(place) is JobState.Failed)
                ids.Add(tally.Jobs[place]);
        }
        if (ids.Count == 0)
            return [];
        var jobs = await store.FindAsync(new JobQuery { Ids = ids }, CancellationToken.None).ConfigureAwait(false);
        return [.. jobs.OrderBy(job => tally.PlaceOf(job.Id))];
    }
}
