using Steadwork.Storage;

namespace Steadwork.Workers.Running;

/// <summary>A job that waits for a slot.</summary>
/// <param name="Job">The job.</param>
/// <param name="Incarnation">The life of the worker in which it was claimed.</param>
/// <param name="ShutThen">The breakers that were not closed when it was claimed.</param>
internal readonly record struct ClaimedAhead(ClaimedJob Job, Incarnation Incarnation, IReadOnlyList<string> ShutThen);
