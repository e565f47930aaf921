using System.Text.Json.Nodes;

namespace Steadwork;

/// <summary>What holds for all jobs of one type unless a job says otherwise.</summary>
public sealed class JobTypeOptions
{
    /// <summary>How many attempts may fail or crash before a job is failed. Default 3; 1 to 1000.</summary>
    public int MaxAttempts
    {
        get;
        set => field = value is >= 1 and <= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Attempts go from 1 to 1000.");
    } = Defaults.MaxAttempts;

    /// <summary>The waits between attempts. Default: 1 s doubling up to 300 s, with full jitter.</summary>
    public RetrySchedule Retry { get; set; } = RetrySchedule.Default;

    /// <summary>How long one attempt may take. Default null: as long as it likes.</summary>
    public TimeSpan? Timeout
    {
        get;
        set => field = value is null || value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout must be longer than zero.");
    }

    /// <summary>The queue of jobs that name none. Default <c>default</c>.</summary>
    public string Queue { get; set; } = Defaults.Queue;

    /// <summary>The breakers that stand for what its handler depends on; see <see cref="BreakerDefinition"/>. Default none.</summary>
    public ICollection<string> DependsOn { get; } = [];

    /// <summary>The tags that a worker must have to run jobs that say nothing of that, all of them; up to 10. Default none.</summary>
    public IList<string> Requires { get; set; } = [];

    /// <summary>Former names of the type: jobs stored under them are run as its own. New ones are stored under its present name. Default none.</summary>
    public ICollection<string> Aliases { get; } = [];

    /// <summary>
    /// The version of the payload's shape that this program writes and reads. Default 1; at least 1. From 2 on it is stored in
    /// the payload, which then must be a JSON object, as the member <c>"$version"</c>; handlers do not see that member. Jobs
    /// of older versions are brought up by <see cref="Upcast"/>; those of newer ones are left, at no cost, to workers that know them.
    /// </summary>
    public int Version
    {
        get => StatedVersion ?? 1;
        set => StatedVersion = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Versions are whole numbers from 1.");
    }

    /// <summary>Null while nobody has set one: a handler of raw JSON then takes every payload as it is stored.</summary>
    internal int? StatedVersion { get; private set; }

    internal Upcasters Upcasters { get; } = new();

    /// <summary>Says how a payload of one version becomes one of the next. Each version before <see cref="Version"/> needs it.</summary>
    /// <param name="fromVersion">The older version.</param>
    /// <param name="upcast">
    /// Gives the payload of the next version; it may change and return the one that it gets. Members are named as they are stored. It
    /// must be pure: it is called at each attempt. If it throws, the job is failed at once.
    /// </param>
    /// <exception cref="ArgumentException">There is one from that version already.</exception>
    public JobTypeOptions Upcast(int fromVersion, Func<JsonObject, JsonObject> upcast)
    {
        ArgumentNullException.ThrowIfNull(upcast);
        Upcasters.Add(fromVersion, upcast);
        return this;
    }
}
