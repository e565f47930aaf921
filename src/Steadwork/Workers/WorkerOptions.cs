namespace Steadwork.Workers;

/// <summary>How a worker works. Bindable from configuration; <see cref="Validate"/> refuses nonsense at start-up.</summary>
public sealed class WorkerOptions
{
    /// <summary>Its name for people. Default: machine and process id.</summary>
    public string Name { get; set; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>The queues that it serves. Default: <c>default</c>.</summary>
    public IList<string> QueueNames { get; set; } = [];

    /// <summary>How many jobs run at once. Default 10; 1 to 10,000.</summary>
    public int Concurrency { get; set; } = 10;

    /// <summary>How long it may be silent before its jobs are given to others. Default 30 s; at least 1 s. It renews three times as often.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it waits for a wake-up before it looks for itself. Default 1 s; at least 10 ms.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it looks for dead workers. Default 250 ms; at least 10 ms.</summary>
    public TimeSpan RecoveryInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How much work, in time, it claims ahead. Default 50 ms; zero claims nothing ahead. Jobs that take longer than this are never claimed ahead.</summary>
    public TimeSpan Prefetch { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How many jobs it claims ahead at the most. Default 500.</summary>
    public int MaxPrefetch { get; set; } = 500;

    /// <summary>How long running jobs may go on after the worker was told to stop. Default 30 s; what still runs then is told to stop and given back.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a handler may ignore its cancellation before its slot is taken from it. Default 30 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Serves these queues instead of the default one.</summary>
    public void Queues(params IEnumerable<string> names) => QueueNames = [.. names];

    internal IReadOnlyList<string> ServedQueues => QueueNames.Count == 0 ? [Defaults.Queue] : [.. QueueNames.Distinct()];

    /// <summary>Checks the whole.</summary>
    /// <exception cref="ArgumentException">A value makes no sense; the message says which and what would.</exception>
    public void Validate()
    {
        foreach (var queue in QueueNames)
        {
            if (NewJobRules.NameRefusal("queue", queue) is { } refusal)
                throw new ArgumentException(refusal);
        }
        Require(Concurrency is >= 1 and <= 10_000, $"Concurrency is {Concurrency}; it goes from 1 to 10,000.");
        Require(Lease >= TimeSpan.FromSeconds(1), $"The lease is {Lease}; it is at least 1 s.");
        Require(PollInterval >= TimeSpan.FromMilliseconds(10), $"The poll interval is {PollInterval}; it is at least 10 ms.");
        Require(RecoveryInterval >= TimeSpan.FromMilliseconds(10), $"The recovery interval is {RecoveryInterval}; it is at least 10 ms.");
        Require(Prefetch >= TimeSpan.Zero, "The prefetch time cannot be negative.");
        Require(MaxPrefetch is >= 0 and <= 100_000, $"The prefetch is {MaxPrefetch}; it goes from 0 to 100,000.");
        Require(DrainTime >= TimeSpan.Zero, "The drain time cannot be negative.");
        Require(StopGrace >= TimeSpan.Zero, "The stop grace cannot be negative.");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new ArgumentException(otherwise);
    }
}
