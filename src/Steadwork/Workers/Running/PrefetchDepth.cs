namespace Steadwork.Workers.Running;

/// <summary>
/// How many jobs a worker should hold so that its slots never wait for a commit: as many as it will begin within the
/// prefetch time, going by how long its jobs have taken of late. Long jobs are not claimed ahead at all.
/// </summary>
internal sealed class PrefetchDepth(int concurrency, TimeSpan window, int most)
{
    private const double Weight = 0.1;
    private readonly Lock gate = new();
    private double averageMilliseconds = double.PositiveInfinity;

    public void Took(TimeSpan elapsed)
    {
        var milliseconds = elapsed.TotalMilliseconds;
        lock (gate)
        {
            // One long job says at once that claiming ahead is wrong; it takes many short ones to say that it is right.
            averageMilliseconds = double.IsInfinity(averageMilliseconds) || milliseconds > window.TotalMilliseconds
                ? milliseconds
                : averageMilliseconds + Weight * (milliseconds - averageMilliseconds);
        }
    }

    /// <summary>Jobs claimed ahead have waited too long: claims nothing ahead until short jobs end again.</summary>
    public void Stuck()
    {
        lock (gate)
            averageMilliseconds = Math.Max(averageMilliseconds, window.TotalMilliseconds);
    }

    /// <summary>How many jobs to hold, running ones included.</summary>
    public int Target
    {
        get
        {
            lock (gate)
            {
                if (double.IsInfinity(averageMilliseconds) || averageMilliseconds >= window.TotalMilliseconds)
                    return concurrency;
                var ahead = concurrency * window.TotalMilliseconds / Math.Max(averageMilliseconds, 0.001);
                return concurrency + (int)Math.Min(most, ahead);
            }
        }
    }
}
