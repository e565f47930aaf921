using Microsoft.Extensions.Logging;

namespace Steadwork.Workers;

/// <summary>
/// The shape of every loop: wait for a wake-up with a bound, do one bounded step, report. Each has a thread of its own,
/// so that handlers which block the thread pool cannot hold it up.
/// </summary>
internal abstract class WorkerLoop : IDisposable
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(500);
    // Without spinning: a waiting loop must leave the processor to the work that it waits for.
    private readonly ManualResetEventSlim signal = new(initialState: false, spinCount: 0);
    private readonly ILogger logger;
    private readonly string name;
    private readonly Thread thread;
    private volatile bool ended;

    protected WorkerLoop(string name, ILogger logger)
    {
        this.name = name;
        this.logger = logger;
        thread = new Thread(Go) { IsBackground = true, Name = "steadwork-" + name };
    }

    public void Start() => thread.Start();

    /// <summary>Has the next step begin now.</summary>
    public void Wake() => signal.Set();

    /// <summary>How long to wait for a wake-up before the first step.</summary>
    protected virtual TimeSpan FirstWait => TimeSpan.Zero;

    /// <summary>Does one step.</summary>
    /// <returns>How long to wait for a wake-up before the next one.</returns>
    protected abstract TimeSpan Step();

    private void Go()
    {
        // Its own step may have disposed of it: there is nothing left to wait on.
        for (var wait = FirstWait; !ended;)
        {
            if (wait > TimeSpan.Zero)
                signal.Wait(wait);
            if (ended)
                return;
            signal.Reset();
            try
            {
                wait = Step();
            }
            catch (Exception error)
            {
                logger.LoopFailed(error, name, PauseAfterError);
                wait = PauseAfterError;
            }
        }
    }

    /// <summary>Ends the loop after its present step.</summary>
    public void End()
    {
        ended = true;
        signal.Set();
        if (thread.IsAlive && thread != Thread.CurrentThread)
            thread.Join();
    }

    public virtual void Dispose()
    {
        End();
        signal.Dispose();
    }
}
