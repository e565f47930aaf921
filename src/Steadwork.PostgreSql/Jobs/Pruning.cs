using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Log;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Removes what has had its time. It is looked for first; what is then removed is held for as long as that takes, and what others hold is left to them.</summary>
internal sealed class Pruning(Database database, EventLog log)
{
    private sealed record Found(PruneWalk Walk, long[] Places);

    public Task<Retention?> RetentionAsync(CancellationToken cancellationToken) => database.RunAsync(
        database.Batch().Add("setting", Value.Of(RetentionJson.Setting)),
        reader => reader.FirstAsync(row => (Retention?)new Retention(RetentionJson.Read(row.Text(0)), row.Text(1), row.Time(2))), cancellationToken);

    public async Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken)
    {
        var (walk, places) = await LookAsync(rules, from, most, cancellationToken).ConfigureAwait(false);
        if (walk.FindsNothing && places.Length == 0)
            return walk.Answer(0, 0, 0);
        return await database.TransactAsync(async transaction =>
        {
            var held = await transaction.RunAsync(
                transaction.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("keep-plans", Value.Of("5s")).Add("hold-expired",
                    Value.Of([.. walk.Due.Select(due => due.Id)]), Value.Of([.. walk.Due.Select(due => due.FinishedAt?.ToUniversalTime())])),
                async reader =>
                {
                    await reader.NextAsync().ConfigureAwait(false);
                    return await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => row.Long(0)).ConfigureAwait(false);
                }).ConfigureAwait(false);
            return await transaction.RunAsync(
                transaction.Batch().Add("prune-history", Value.Of([.. held])).Add("prune-batches", Value.Of([.. walk.DueBatches])).Add("prune-log", Value.Of(places)),
                async reader =>
                {
                    var (jobs, attempts) = await CountsAsync(reader).ConfigureAwait(false);
                    var entries = await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Long(0)).ConfigureAwait(false);
                    return walk.Answer(jobs, attempts, (int)entries);
                }).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    public async Task<Pruned> CountAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken)
    {
        var (walk, _) = await LookAsync(rules, from, most, cancellationToken).ConfigureAwait(false);
        var (jobs, attempts) = await database.RunAsync(database.Batch().Add("count-expired", Value.Of([.. walk.Due.Select(due => due.Id)])), CountsAsync, cancellationToken).ConfigureAwait(false);
        return walk.Answer(jobs, attempts, walk.Entries);
    }

    private async Task<Found> LookAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken)
    {
        // What no reader has given a place yet has none from which it could be pruned.
        await log.GivePlacesAsync(cancellationToken).ConfigureAwait(false);
        var asked = new PruneWalk(rules, from, most, default);
        var batch = database.Batch().Add("keep-plans", Value.Of("5s")).Add("clock")
            .Add("pass-history", Value.Of(asked.AfterJob), Value.Of((long)asked.JobsLookedAt))
            .Add("pass-batches", Value.Of(asked.AfterBatch), Value.Of((long)asked.BatchesLookedAt))
            .Add("pass-log", Value.Of(asked.AfterPosition), Value.Of((long)asked.EntriesLookedAt));
        return await database.RunAsync(batch, async reader =>
        {
            var now = await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => row.Time(0)).ConfigureAwait(false);
            var walk = new PruneWalk(rules, from, most, now);
            walk.Pass(await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => new PassedJob(
                row.Long(0), row.Text(1), row.Text(2), row.Bool(3), JobStates.Parse(row.Text(4)), row.Time(5), row.Time(6), row.TimeOrNull(7))).ConfigureAwait(false));
            walk.Pass(await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => new PassedBatch(row.Long(0), row.Time(1), row.TimeOrNull(2))).ConfigureAwait(false));
            var batches = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => (Upto: row.Long(0), row.Int(1), row.TimeOrNull(2))).ConfigureAwait(false);
            walk.Pass(batches);
            return new Found(walk, [.. batches.Select(each => each.Upto).TakeWhile(upto => upto <= walk.LastPosition)]);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static Task<(int Jobs, int Attempts)> CountsAsync(DbDataReader reader) => reader.FirstAsync(row => ((int)row.Long(0), (int)row.Long(1)));
}
