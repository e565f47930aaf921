using System.Data.Common;
using Steadwork.PostgreSql.Connections;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>What a worker has to know about what comes next.</summary>
/// <param name="Alive">Whether it is registered.</param>
/// <param name="Due">When there may be something to claim that there is not yet.</param>
/// <param name="Now">What time it is at the server.</param>
/// <param name="Tick">When the next schedule ticks.</param>
/// <param name="IsGated">Whether there are limits or breakers.</param>
/// <param name="Shut">The breakers that are not closed, as far as it was asked for.</param>
internal sealed record Outlook(bool Alive, DateTimeOffset? Due, DateTimeOffset Now, DateTimeOffset? Tick, bool IsGated, IReadOnlyList<string> Shut)
{
    /// <summary>Asks for it.</summary>
    public static Batch AddTo(Batch batch, WorkerId worker, bool gated) => batch.Add(gated ? "outlook+outlook-at-gates+look" : "outlook+look", Value.Of(worker.Value));

    /// <summary>Asks for it, without the gates, before a claim: what has fallen due is seen to, so that it can be claimed.</summary>
    public static Batch AddWithJoiningTo(Batch batch, WorkerId worker, int lockSpace) => batch.Add("outlook+look-and-join", Value.Of(worker.Value), Value.Of(lockSpace));

    public static async Task<Outlook> ReadAsync(DbDataReader reader, bool gated) =>
        (await reader.FirstAsync(row => gated
            ? Read(row) with { Due = Earlier(row.TimeOrNull(1), row.TimeOrNull(5)), Shut = row.GetFieldValue<string[]>(6) }
            : Read(row)).ConfigureAwait(false))!;

    /// <returns>And how many jobs have joined their line, and how many have ended instead.</returns>
    public static Task<(Outlook Outlook, long Joined, long Ended)> ReadWithJoiningAsync(DbDataReader reader) =>
        reader.FirstAsync(row => (Read(row), row.Long(5), row.Long(6)));

    private static Outlook Read(DbDataReader row) => new(row.Bool(0), row.TimeOrNull(1), row.Time(2), row.TimeOrNull(3), row.Bool(4), []);

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;
}
