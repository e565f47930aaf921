using System.Collections;
using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>Lays the job's id, type and attempt on every line that its handler logs.</summary>
internal sealed class JobLogScope(ClaimedJob job) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 4;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("JobId", job.Id),
        1 => new("JobType", job.Type),
        2 => new("Attempt", job.Attempt),
        3 => new("Queue", job.Queue),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"job {job.Id} ({job.Type}), attempt {job.Attempt}";
}
