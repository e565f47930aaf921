using System.Collections.Concurrent;
using Npgsql;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Gates;
using Steadwork.Storage;
using Steadwork.Storage.Copying;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>Takes the ends of attempts and gives the next jobs: one transaction, one round trip.</summary>
internal sealed class Exchanging(Database database, Lanes lanes, LineMarks marks, Breakers breakers, Func<DateTimeOffset> now, Action<DateTimeOffset> told)
{
    private const string LockPatience = "2s";
    private readonly ConcurrentDictionary<LeaseToken, bool> putOff = new();
    // Whether there may be limits or breakers. Where there are none, as mostly, claims leave out what counts at them.
    private volatile bool isGated = true;
    // The last outlook of a worker that lives, for one claim that a ring led to.
    private Outlook? spare;

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
        var (tells, claims, gated) = (!settled.IsEmpty || calls.Count > 0, claim is { Max: > 0 }, isGated);
        var batch = database.Batch();
        if (tells || !claims)
            batch.Add("keep-plans", Value.Of(LockPatience));
        settled.AddTo(batch);
        if (calls.Count > 0)
            Breakers.Count(batch, worker, calls);
        // Before a job that is waited for, what comes next is not looked at: the claim after it does.
        var before = claim is { Max: > 0, IsRung: true, Known: null } && !tells && !gated ? TakeSpare() : null;
        (NpgsqlParameter[] Values, bool FromHead)? behind = claims && claim!.Rule.IsDefault ? marks.Next() : null;
        if (claims)
        {
            batch.Add("keep-plans+and-hold-worker", Value.Of(LockPatience), Value.Of(database.LockSpace), Value.Of((int)worker.Value), Value.Of([.. claim!.Queues]), Value.Of([.. claim.Types]));
            if (before is null)
                Outlook.AddWithJoiningTo(batch, worker, database.LockSpace);
            batch.Add(
                ClaimText(behind, gated),
                [Value.Of(worker.Value), Value.Of([.. claim.Queues]), Value.Of([.. claim.Types]), Value.Of((long)claim.Max), Value.Of((long)claim.Holding), Value.Of([.. claim.Tags]), Value.Of(lanes.Named),
                    .. behind?.Values ?? ValuesOf(claim.Rule, claim.Queues.Count)]);
        }
        // What is claimed counts at the gates: when they let more through is known only then.
        if (!claims || gated)
            Outlook.AddTo(batch, worker, gated);

        var began = TimeProvider.System.GetTimestamp();
        var (isStopped, isGatedNow) = (false, false);
        var (wanted, joined, ended, claimed, places, outlook) = await database.RunAsync(batch, async reader =>
        {
            if (tells || !claims)
                await reader.NextAsync().ConfigureAwait(false);
            var wanted = await settled.ReadAsync(reader).ConfigureAwait(false);
            if (settled.Answers > 0)
                await reader.NextAsync().ConfigureAwait(false);
            var claimed = new ClaimedJobs(lanes);
            var places = new List<(int Lane, short Priority, long Id)>();
            if (!claims)
                return (wanted, 0, 0, claimed, places, await Outlook.ReadAsync(reader, gated).ConfigureAwait(false));
            var (outlook, joined, ended) = before is null ? await Outlook.ReadWithJoiningAsync(await reader.NextAsync().ConfigureAwait(false)).ConfigureAwait(false) : (before, 0, 0);
            await reader.NextAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                isStopped = reader.Bool(15);
                isGatedNow = reader.Bool(17);
                if (!reader.IsDBNull(0))
                    places.Add((claimed.Add(reader, isProbe: reader.Bool(16)), reader.GetInt16(14), reader.Long(0)));
            }
            if (gated)
                outlook = await Outlook.ReadAsync(await reader.NextAsync().ConfigureAwait(false), gated).ConfigureAwait(false);
            return (wanted, joined, ended, claimed, places, outlook);
        }, cancellationToken).ConfigureAwait(false);
        // The first gate of the store may have come between the outlook and the claim.
        if (isGatedNow && !outlook.IsGated)
            outlook = outlook with { IsGated = true };
        isGated = outlook.IsGated;

        if (before is null)
            told(outlook.Now);
        if (behind is { FromHead: var fromHead })
            marks.Claimed(fromHead, TimeProvider.System.GetElapsedTime(began), places, isStopped);
        // What the ring was for may have to be seen to first, as where a job comes after one that has ended.
        if (before is not null && claimed.Count == 0)
            return await CarryOutAsync(worker, [], claim! with { IsRung = false }, cancellationToken).ConfigureAwait(false);
        var wakeUps = settled.WakeUps | (joined > 0 ? WakeUp.Jobs : WakeUp.None) | (ended > 0 ? WakeUp.Ends : WakeUp.None) | await CancelAsync(wanted, settled.Accepted).ConfigureAwait(false);
        var changed = await breakers.JudgeAsync(calls, outlook.Shut, cancellationToken).ConfigureAwait(false);
        if (changed)
            wakeUps |= WakeUp.Jobs;
        // What has joined its line was what the outlook told of. Who got as many as it wanted asks again before long.
        if (changed || (!gated && joined + ended > 0 && claimed.Count < claim!.Max))
            outlook = await LookAgainAsync(worker, gated || changed, outlook).ConfigureAwait(false);
        if (outlook.Alive && before is null)
            spare = outlook;
        var answer = new Exchange(settled.Accepted, [.. unheard, .. claimed.InLine()], outlook.Due, outlook.Alive)
        {
            NextTick = outlook.Tick, Shut = outlook.Shut, MayHaveMissed = before is not null || (claims && claimed.Count < claim!.Max),
        };
        if (gated || !outlook.IsGated || claimed.Count > 0)
            return (answer, wakeUps);
        // The first limit or breaker of the store has just come, and all was shut.
        var (throughGates, more) = await CarryOutAsync(worker, [], claim is null ? null : claim with { Known = null }, cancellationToken).ConfigureAwait(false);
        return (throughGates with { Accepted = answer.Accepted, Claimed = [.. answer.Claimed, .. throughGates.Claimed] }, wakeUps | more);
    }

    /// <summary>The last outlook, unless somebody has taken it already, or something has fallen due by it.</summary>
    private Outlook? TakeSpare() => Interlocked.Exchange(ref spare, null) is { } last && !(last.Due <= now()) ? last : null;

    /// <summary>The parts of a claim: by what there is to pass, by its rule, and by where it begins.</summary>
    private static string ClaimText((NpgsqlParameter[] Values, bool FromHead)? behind, bool gated)
    {
        var line = behind switch { null => "line-by-rule", { FromHead: true } => "from-heads+line-by-priority", _ => "behind-marks+line-by-priority" };
        return gated ? $"gates+{line}+pass-gates+claim-line+count-at-gates+claimed" : $"no-gates+{line}+pass-none+claim-line+claimed";
    }

    /// <summary>Behind what has been committed, of which no answer may get lost now: where this fails, the worker asks again at once.</summary>
    private async Task<Outlook> LookAgainAsync(WorkerId worker, bool gated, Outlook before)
    {
        try
        {
            var outlook = await database.RunAsync(
                Outlook.AddTo(database.Batch().Add("keep-plans", Value.Of(LockPatience)), worker, gated),
                async reader => await Outlook.ReadAsync(await reader.NextAsync().ConfigureAwait(false), gated).ConfigureAwait(false), CancellationToken.None).ConfigureAwait(false);
            told(outlook.Now);
            return outlook;
        }
        catch (Exception error) when (error is StoreUnavailableException or PostgresException)
        {
            return before with { Due = before.Now };
        }
    }

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
        database.RunAsync(database.Batch().Add("held-whole", Value.Of(worker.Value)), async reader =>
        {
            var held = new ClaimedJobs(lanes);
            await reader.AllAsync(row => held.Add(row)).ConfigureAwait(false);
            return held.All;
        }, cancellationToken);
}
