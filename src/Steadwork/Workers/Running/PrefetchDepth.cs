namespace Steadwork.Workers.Running;

/// <summary>
/// How many jobs a worker should hold so that its slots never wait for a commit: as many as it will begin within the
/// prefetch time, going by how long its jobs have taken of late. Long jobs are not claimed ahead at all.
/// </summary>
internal sealed class PrefetchDepth(int concurrency, TimeSpan window, int most)
{
    // Of so many jobs the average is the plain one, and later ones weigh like the last of these: one that the processor was taken from for
    // some milliseconds must not make the worker forget how short they are.
    private const int Remembered = 64;
    private readonly Lock gate = new();
    private double averageMilliseconds = window.TotalMilliseconds;
    private int taken;

    public void Took(TimeSpan elapsed)
    {
        var milliseconds = elapsed.TotalMilliseconds;
        lock (gate)
        {
            // One long job says at once that claiming ahead is wrong; it takes many short ones to say that it is right.
            if (taken == 0 || milliseconds > window.TotalMilliseconds)
                (averageMilliseconds, taken) = (milliseconds, 1);
            else
                averageMilliseconds += (milliseconds - averageMilliseconds) / (taken = Math.Min(taken + 1, Remembered));
        }
    }

    /// <summary>Jobs claimed ahead have waited too long: claims nothing ahead until short jobs end again.</summary>
    public void Stuck()
    {
        lock (gate)
            (averageMilliseconds, taken) = (Math.Max(averageMilliseconds, window.TotalMilliseconds), 1);
    }

    /// <summary>How many jobs to hold, running ones included.</summary>
    public int Target
    {
        get
        {
            lock (gate)
            {
                if (averageMilliseconds >= window.TotalMilliseconds)
                    return concurrency;
                var ahead = concurrency * window.TotalMilliseconds / Math.Max(averageMilliseconds, 0.001);
                return concurrency + (int)Math.Min(most, ahead);
            }
        }
    }
}
