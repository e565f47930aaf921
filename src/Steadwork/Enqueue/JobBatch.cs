using Steadwork.Storage;

namespace Steadwork;

/// <summary>
/// Jobs that are enqueued as one, counted together, and followed by another job when all have ended. Up to 10,000 are stored all or nothing;
/// more in chunks of that size, while which the batch stays open, so that it does not end too early.
/// </summary>
public sealed class JobBatch
{
    private readonly List<Func<JobQueue, IEnumerable<NewJob>>> parts = [];
    private Func<JobQueue, NewJob>? follower;

    /// <summary>Creates a batch without jobs.</summary>
    /// <param name="name">Its name for people; null for none.</param>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    public JobBatch(string? name = null)
    {
        if (name is not null && NewJobRules.NameRefusal("name of the batch", name) is { } refusal)
            throw new ArgumentException(refusal, nameof(name));
        Name = name;
    }

    /// <summary>Its name for people; null when it has none.</summary>
    public string? Name { get; }

    /// <summary>Whether it takes more jobs once it is stored (<see cref="EnqueueOptions.Batch"/>), until it is closed. Default no.</summary>
    public bool StaysOpen { get; init; }

    /// <summary>Adds a job.</summary>
    /// <param name="payload">What to do; its type is registered with a handler or with <c>AddJobType</c>.</param>
    /// <param name="configure">What this job says for itself. If its unique key is taken, it joins the batch as nothing.</param>
    public JobBatch Add<TJob>(TJob payload, Action<EnqueueOptions>? configure = null)
    {
        parts.Add(queue => [queue.Make(payload, configure)]);
        return this;
    }

    /// <summary>Adds many jobs of one type.</summary>
    /// <param name="payloads">What to do; read once, when the batch is enqueued.</param>
    /// <param name="configure">What each of these jobs says for itself.</param>
    public JobBatch AddMany<TJob>(IEnumerable<TJob> payloads, Action<TJob, EnqueueOptions>? configure = null)
    {
        parts.Add(queue => payloads.Select(payload => queue.Make(payload, configure is null ? null : options => configure(payload, options))));
        return this;
    }

    /// <summary>
    /// Sets the job that follows when the batch has ended: if all of its jobs have succeeded; else it is cancelled with that as the reason, and goes on
    /// when those that have not are retried and do. With <see cref="EnqueueOptions.RunsAnyway"/> it runs however they have ended.
    /// </summary>
    /// <param name="payload">What to do; its type is registered with a handler or with <c>AddJobType</c>.</param>
    /// <param name="configure">What this job says for itself. If it has a unique key, that must be free.</param>
    public JobBatch Then<TJob>(TJob payload, Action<EnqueueOptions>? configure = null)
    {
        follower = queue => queue.Make(payload, configure);
        return this;
    }

    /// <summary>The jobs, checked one by one as they are read.</summary>
    internal IEnumerable<NewJob> Jobs(JobQueue queue) => parts.SelectMany(part => part(queue));

    /// <summary>It with its first jobs, as a store takes it.</summary>
    internal NewBatch With(IReadOnlyList<NewJob> jobs, bool isOpen, JobQueue queue) => new() { Name = Name, IsOpen = isOpen, Jobs = jobs, Follower = follower?.Invoke(queue) };
}
