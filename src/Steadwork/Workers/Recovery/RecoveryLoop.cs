using Microsoft.Extensions.Logging;
using Steadwork.Storage;

namespace Steadwork.Workers.Recovery;

/// <summary>Looks for dead workers and has their jobs run again.</summary>
/// <param name="store">Where they are.</param>
/// <param name="interval">How often to look.</param>
/// <param name="endLostLives">Ends what is left of lives of this worker itself.</param>
/// <param name="logger">Is told.</param>
internal sealed class RecoveryLoop(IJobStore store, TimeSpan interval, Action endLostLives, ILogger logger) : WorkerLoop("recovery", logger)
{
    private readonly ILogger logger = logger;

    protected override TimeSpan Step()
    {
        foreach (var dead in store.RecoverAsync(CancellationToken.None).GetAwaiter().GetResult())
        {
            logger.WorkerRecovered(dead.Worker, dead.Reason, dead.Jobs.Count);
            foreach (var (job, transition) in dead.Jobs)
                logger.JobRecovered(job, dead.Worker, transition.Name);
        }
        endLostLives();
        return interval;
    }
}
