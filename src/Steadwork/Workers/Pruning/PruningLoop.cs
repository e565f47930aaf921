using Microsoft.Extensions.Logging;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.Workers.Pruning;

/// <summary>
/// Removes what has had its time: in passes a minute apart, each in small steps. A pass goes on where the last one came to; once an
/// hour one begins with the oldest job, for those that were kept longer, or ended late. It goes by the retention of the store, and
/// asks for that before each step: what another program wants kept from now on must not go.
/// </summary>
/// <param name="store">Where.</param>
/// <param name="clock">Measures the steps.</param>
/// <param name="chance">Draws from [0, 1).</param>
/// <param name="logger">Is told.</param>
internal sealed class PruningLoop(IJobStore store, TimeProvider clock, Func<double> chance, ILogger logger) : WorkerLoop("pruning", logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WholePassInterval = TimeSpan.FromHours(1);

    private readonly ILogger logger = logger;
    private Pruned pass = Nothing;
    private PruneMark mark;
    private DateTimeOffset? setAt;
    private long? wholePassBegan;
    private bool started;

    private static Pruned Nothing { get; } = new(0, 0, 0, default, IsOver: false);

    protected override TimeSpan Step() => Prune();

    /// <summary>Does one step.</summary>
    /// <returns>How long to wait before the next one.</returns>
    internal TimeSpan Prune()
    {
        if (!started)
        {
            // At a random time, so that workers that were started together do not prune together, and of many that live for seconds some do.
            started = true;
            return Interval * chance();
        }
        wholePassBegan ??= clock.GetTimestamp();
        var began = clock.GetTimestamp();
        Pruned step;
        try
        {
            step = store.PruneAsync(Rules(), mark, store.PrunePace.StepSize, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (StoreRetiredException)
        {
            // It is being copied, or was: what it holds belongs to the copy.
            return Pause();
        }
        mark = step.Reached;
        pass = pass with { Jobs = pass.Jobs + step.Jobs, Attempts = pass.Attempts + step.Attempts, LogEntries = pass.LogEntries + step.LogEntries };
        if (step.IsOver)
            return EndPass();
        return store.PrunePace.RestAfter(clock.GetElapsedTime(began));
    }

    /// <summary>What counts now. If it is another than at the last step, the pass begins with the oldest job again.</summary>
    private RetentionRules Rules()
    {
        var retention = store.RetentionAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (retention?.Since != setAt)
            (mark, setAt) = (default, retention?.Since);
        return retention?.Rules ?? RetentionRules.Default;
    }

    private TimeSpan EndPass()
    {
        if (pass.Jobs + pass.LogEntries > 0)
            logger.Pruned(pass.Jobs, pass.Attempts, pass.LogEntries);
        pass = Nothing;
        if (clock.GetElapsedTime(wholePassBegan!.Value) >= WholePassInterval)
            (mark, wholePassBegan) = (default, null);
        return Pause();
    }

    private TimeSpan Pause() => Interval * (0.75 + 0.5 * chance());
}
