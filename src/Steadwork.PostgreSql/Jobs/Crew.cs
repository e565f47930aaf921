using System.Data.Common;
using Steadwork.PostgreSql.Connections;
using Steadwork.PostgreSql.Gates;
using Steadwork.Storage;

namespace Steadwork.PostgreSql.Jobs;

/// <summary>The registered workers: their leases, their ends, and what becomes of what they held.</summary>
internal sealed class Crew(Database database)
{
    public Task<WorkerId> RegisterAsync(WorkerStart worker, CancellationToken cancellationToken)
    {
        var batch = database.Batch().Add("require-service", Value.Of(database.LockSpace)).Add("register-worker",
            Value.Of(worker.Name), Value.Of(Environment.MachineName), Value.Of(Environment.ProcessId),
            Value.Of([.. worker.Queues]), Value.Of([.. worker.Types]), Value.Of(worker.Lease), Value.Of([.. worker.Tags]), Value.OfUtf8(ClaimRuleJson.Write(worker.Rule)));
        Breakers.Define(batch, worker);
        return database.RunAsync(
            batch,
            async reader => await (await reader.NextAsync().ConfigureAwait(false)).FirstAsync(row => new WorkerId(row.Long(0))).ConfigureAwait(false), cancellationToken);
    }

    /// <summary>The workers whose lease has run out. What others have left for later is seen to in passing.</summary>
    /// <returns>These, and what whoever listens may want to know.</returns>
    public Task<(List<WorkerId> Lapsed, WakeUp WakeUps)> LapsedAsync(CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("lapsed-workers").Add("attend-noted", Value.Of(database.LockSpace), Value.Of(true), Value.Of(200L)), async reader =>
        {
            var lapsed = await reader.AllAsync(row => new WorkerId(row.Long(0))).ConfigureAwait(false);
            var told = await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(row => JobStates.Parse(row.Text(1))).ConfigureAwait(false);
            return (lapsed, (told.Count > 0 ? WakeUp.Jobs : WakeUp.None) | (told.Contains(JobState.Cancelled) ? WakeUp.Ends : WakeUp.None));
        }, cancellationToken);

    /// <summary>From now on the worker, whose lease has run out, cannot renew it.</summary>
    /// <returns>False when it has done so in time.</returns>
    public Task<bool> CondemnAsync(WorkerId worker, CancellationToken cancellationToken) =>
        database.RunAsync(database.Batch().Add("condemn", Value.Of(worker.Value)), reader => reader.FirstAsync(_ => true), cancellationToken);

    /// <summary>Applies to each job of a worker what the lifecycle says of a crash, and removes the worker.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="marks">What it had noted of its jobs; null when nothing is known.</param>
    /// <param name="error">What is kept of the crash.</param>
    /// <param name="logKind">The word for its end.</param>
    /// <param name="cancellationToken">Ends the wait for a connection.</param>
    /// <returns>Its jobs with what became of them, but for those that an open transaction holds; null when nothing was changed.</returns>
    public Task<List<RecoveredJob>?> BuryAsync(
        WorkerId worker, IReadOnlyDictionary<LeaseToken, bool>? marks, JobError error, string logKind, CancellationToken cancellationToken) =>
        database.TransactAsync<List<RecoveredJob>?>(async transaction =>
        {
            await transaction.RunAsync(transaction.Batch().Add("lock-worker", Value.Of((int)worker.Value), Value.Of(database.LockSpace))).ConfigureAwait(false);
            var (known, held) = await transaction.RunAsync(
                transaction.Batch().Add("worker-known", Value.Of(worker.Value)).Add("held-by", Value.Of(worker.Value)),
                async reader => (
                    await reader.FirstAsync(row => (DateTimeOffset?)row.Time(0)).ConfigureAwait(false),
                    await (await reader.NextAsync().ConfigureAwait(false)).AllAsync(Held).ConfigureAwait(false))).ConfigureAwait(false);
            if (known is not { } now)
                return null;

            var fates = Crash.Fates(held, marks, error, now);
            var ends = new ToldEnds([.. held.Zip(fates, (job, fate) => new AttemptEnd(job.Id, job.Lease, fate, StartedAt: null))], database.LockSpace);
            var batch = transaction.Batch();
            ends.AddTo(batch);
            if (!ends.IsEmpty)
                await transaction.RunAsync(batch).ConfigureAwait(false);
            var buried = await transaction.RunAsync(
                transaction.Batch().Add("bury-worker", Value.Of(worker.Value), Value.Of(logKind)), reader => reader.FirstAsync(_ => true)).ConfigureAwait(false);
            return held.Count == 0 && !buried ? null : [.. held.Zip(fates, (job, fate) => new RecoveredJob(job.Id, fate))];
        }, cancellationToken);

    private static HeldJob Held(DbDataReader row) => new(
        new JobId(row.Long(0)), new LeaseToken(row.Long(1)), new RunningJob(row.Int(2), row.Int(3), row.Int(4), row.TextOrNull(5)));
}
