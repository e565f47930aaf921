using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Gates;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Takes the ends of attempts and gives the next jobs: one transaction, one round trip.</summary>
internal sealed class Exchanging(Database database, LineMarks marks, Breakers breakers, Action<DateTimeOffset> told)
{
    private const string LockPatience = "2s";
    private readonly ConcurrentDictionary<LeaseToken, bool> putOff = new();
    // Whether there may be limits or breakers. Where there are none, as mostly, claims leave out what counts at them.
    private volatile bool isGated = true;

    /// <returns>The answer, and what whoever listens may want to know.</returns>
    public async Task<(Exchange Exchange, WakeUp WakeUps)> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        try
        {
            return await TellFreeAsync(worker, ends, claim, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreRetiredException) when (claim is not null)
        {
            // A retired store still takes ends, and tells what the worker holds. What falls due is no reason to ask again.
            var (exchange, wakeUps) = await TellFreeAsync(worker, ends, claim with { Max = 0 }, cancellationToken).ConfigureAwait(false);
            return (exchange with { NextDue = null, NextTick = null }, wakeUps);
        }
    }

    /// <summary>
    /// A job that its handler has ended in a transaction which is open still may be ended by nobody else until that is over.
    /// Its end is put off, lest the whole worker stand still for as long.
    /// </summary>
    private async Task<(Exchange Exchange, WakeUp WakeUps)> TellFreeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var knownHeld = ends.Any(end => putOff.ContainsKey(end.Lease));
        if (!knownHeld)
        {
            try
            {
                return await CarryOutAsync(worker, ends, claim, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
            }
        }
        var held = await HeldAsync(ends, cancellationToken).ConfigureAwait(false);
        foreach (var (place, end) in ends.Index())
        {
            if (held.Contains(place))
                putOff[end.Lease] = true;
            else
                putOff.TryRemove(end.Lease, out _);
        }
        try
        {
            AttemptEnd[] free = [.. ends.Where((_, place) => !held.Contains(place))];
            var (exchange, wakeUps) = await CarryOutAsync(worker, free, claim is null ? null : claim with { Holding = claim.Holding + held.Count }, cancellationToken).ConfigureAwait(false);
            var accepted = new Queue<bool>(exchange.Accepted);
            return (exchange with { Accepted = [.. ends.Select((_, place) => !held.Contains(place) && accepted.Dequeue())], PutOff = [.. held] }, wakeUps);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw Unavailable.HeldUp(database.Place, error);
        }
    }

    /// <summary>The places of the ends of jobs that other transactions hold at the moment.</summary>
    private Task<HashSet<int>> HeldAsync(IReadOnlyList<AttemptEnd> ends, CancellationToken cancellationToken) =>
        database.RunAsync(
            database.Batch().Add("held-ends", Value.Of([.. ends.Select(end => end.Job.Value)]), Value.Of([.. ends.Select(end => end.Lease.Value)])),
            async reader => (await reader.AllAsync(row => (int)row.Long(0) - 1).ConfigureAwait(false)).ToHashSet(), cancellationToken);

    private async Task<(Exchange Exchange, WakeUp WakeUps)> CarryOutAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken)
    {
        var settled = new ToldEnds(ends, database.LockSpace);
        var calls = DependencyCall.Sum(ends.SelectMany(end => end.Calls ?? []));
        if (claim is { Max: > 0 } && (settled.Returns || calls.Any(Breakers.MayChange)))
        {
            // Some of these may be wanted cancelled, which is known only when they have been told, others may come to their turn by it,
            // and a breaker may open or close: those belong into the claim.
            var (told, heard) = await CarryOutAsync(worker, ends, claim: null, cancellationToken).ConfigureAwait(false);
            var (taken, also) = await CarryOutAsync(worker, [], claim, cancellationToken).ConfigureAwait(false);
            return (taken with { Accepted = told.Accepted }, heard | also);
        }
        IReadOnlyList<ClaimedJob> unheard = [];
        if (claim?.Known is { } known)
        {
            unheard = [.. (await HeldAsync(worker, cancellationToken).ConfigureAwait(false)).Where(job => !known.Contains(job.Lease))];
            claim = claim with { Holding = claim.Holding + unheard.Count };
        }
        var batch = database.Batch().Add("keep-plans", Value.Of(LockPatience));
        settled.AddTo(batch);
        if (calls.Count > 0)
            Breakers.Count(batch, worker, calls);
        var claims = claim is { Max: > 0 };
        var gated = isGated;
        var (fromHead, isMarked) = (false, claim is { Rule.IsDefault: true });
        if (claims)
        {
            batch.Add("hold-worker", Value.Of((int)worker.Value), Value.Of(database.LockSpace), Value.Of([.. claim!.Queues]), Value.Of([.. claim.Types]))
                .Add("join-line", Value.Of(worker.Value), Value.Of(database.LockSpace));
            NpgsqlParameter[] which = [Value.Of(worker.Value), Value.Of([.. claim.Queues]), Value.Of([.. claim.Types]), Value.Of((long)claim.Max), Value.Of((long)claim.Holding), Value.Of([.. claim.Tags])];
            if (isMarked)
            {
                (var behind, fromHead) = marks.Next();
                batch.Add(Claim("line-by-priority", gated), [.. which, .. behind]);
            }
            else
            {
                batch.Add(Claim("line-by-rule", gated), [.. which, .. ValuesOf(claim.Rule, claim.Queues.Count)]);
            }
        }
        AddOutlook(batch, worker, gated);

        var began = TimeProvider.System.GetTimestamp();
        var places = new List<(int Lane, short Priority, long Id)>();
        var isStopped = false;
        var (wanted, joined, ended, claimed, outlook) = await database.RunAsync(batch, async reader =>
        {
            await reader.NextAsync().ConfigureAwait(false);
            var wanted = await settled.ReadAsync(reader).ConfigureAwait(false);
            List<ClaimedJob> claimed = [];
            var (joined, ended) = (0L, 0L);
            if (settled.Answers > 0)
                await reader.NextAsync().ConfigureAwait(false);
            if (claims)
            {
                (joined, ended) = await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => (row.Long(0), row.Long(1))).ConfigureAwait(false);
                await reader.NextAsync().ConfigureAwait(false);
                while (await reader.ReadAsync().ConfigureAwait(false))
                {
                    isStopped = reader.Bool(15);
                    if (reader.IsDBNull(0))
                        continue;
                    places.Add((reader.Int(13), reader.GetInt16(14), reader.Long(0)));
                    claimed.Add(Claimed(reader) with { IsProbe = reader.Bool(16) });
                }
                await reader.NextAsync().ConfigureAwait(false);
            }
            return (wanted, joined, ended, claimed, await OutlookAsync(reader).ConfigureAwait(false));
        }, cancellationToken).ConfigureAwait(false);
        isGated = outlook.IsGated;

        told(outlook.Now);
        if (claims && isMarked)
            marks.Claimed(fromHead, TimeProvider.System.GetElapsedTime(began), places, isStopped);
        var wakeUps = settled.WakeUps | (joined > 0 ? WakeUp.Jobs : WakeUp.None) | (ended > 0 ? WakeUp.Ends : WakeUp.None) | await CancelAsync(wanted, settled.Accepted).ConfigureAwait(false);
        if (await breakers.JudgeAsync(calls, outlook.Shut, cancellationToken).ConfigureAwait(false))
        {
            wakeUps |= WakeUp.Jobs;
            outlook = await database.RunAsync(
                AddOutlook(database.Batch().Add("keep-plans", Value.Of(LockPatience)), worker, gated: true),
                async reader => await OutlookAsync(await reader.NextAsync().ConfigureAwait(false)).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        var answer = new Exchange(settled.Accepted, [.. unheard, .. claimed], outlook.Due, outlook.Alive)
        {
            NextTick = outlook.Tick, Shut = outlook.Shut, MayHaveMissed = claims && claimed.Count < claim!.Max,
        };
        if (gated || !outlook.IsGated || claimed.Count > 0)
            return (answer, wakeUps);
        // The first limit or breaker of the store has just come, and all was shut.
        var (throughGates, more) = await CarryOutAsync(worker, [], claim is null ? null : claim with { Known = null }, cancellationToken).ConfigureAwait(false);
        return (throughGates with { Accepted = answer.Accepted, Claimed = [.. answer.Claimed, .. throughGates.Claimed] }, wakeUps | more);
    }

    private static string Claim(string line, bool gated) => gated ? $"gates+{line}+claim-line+count-at-gates+claimed" : $"no-gates+{line}+claim-line+claimed";

    private static Batch AddOutlook(Batch batch, WorkerId worker, bool gated) => batch.Add(gated ? "outlook+outlook-at-gates" : "outlook", Value.Of(worker.Value));

    private static Task<(bool Alive, DateTimeOffset? Due, DateTimeOffset Now, DateTimeOffset? Tick, bool IsGated, string[] Shut)> OutlookAsync(DbDataReader reader) =>
        reader.FirstAsync(row => row.FieldCount > 5
            ? (row.Bool(0), Earlier(row.TimeOrNull(1), row.TimeOrNull(5)), row.Time(2), row.TimeOrNull(3), row.Bool(4), row.GetFieldValue<string[]>(6))
            : (row.Bool(0), row.TimeOrNull(1), row.Time(2), row.TimeOrNull(3), row.Bool(4), []));

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private static NpgsqlParameter[] ValuesOf(ClaimRule rule, int queues) => [
        Value.Of(rule.Order.Name()),
        Value.Of(rule.Ageing is { } ageing ? (long)ageing.TotalMilliseconds : long.MaxValue),
        Value.Of(rule.Sharing.Name()),
        Value.Of((rule.Weights ?? Enumerable.Repeat(1, queues)).ToArray())];

    /// <summary>Ends jobs whose attempt would have put them back into their line, had nobody wanted them cancelled.</summary>
    private async Task<WakeUp> CancelAsync(List<(int Place, AttemptEnd End)> wanted, bool[] accepted)
    {
        if (wanted.Count == 0)
            return WakeUp.None;
        var ends = new ToldEnds(wanted.ConvertAll(end => end.End), database.LockSpace);
        var batch = database.Batch();
        ends.AddTo(batch);
        await database.RunAsync(batch, ends.ReadAsync, CancellationToken.None).ConfigureAwait(false);
        for (var index = 0; index < wanted.Count; index++)
            accepted[wanted[index].Place] = ends.Accepted[index];
        return ends.WakeUps;
    }

    private Task<List<ClaimedJob>> HeldAsync(WorkerId worker, CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("held-whole", Value.Of(worker.Value)), reader => reader.AllAsync(Claimed), cancellationToken);

    private static ClaimedJob Claimed(DbDataReader row) => new()
    {
        Id = new JobId(row.Long(0)),
        Lease = new LeaseToken(row.Long(1)),
        Type = row.Text(2),
        Queue = row.Text(3),
        Attempt = row.Int(4),
        Failures = row.Int(5),
        MaxAttempts = row.Int(6),
        Alone = row.Bool(7),
        Timeout = row.MillisecondsOrNull(8),
        TraceParent = row.TextOrNull(9),
        Tags = TagsJson.Read(row.TextOrNull(10)),
        Payload = row.Utf8(11),
        BatchId = row.LongOrNull(12) is { } batch ? new BatchId(batch) : null,
    };
}
