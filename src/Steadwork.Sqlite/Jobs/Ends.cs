using Steadwork.Sqlite.Writing;
using Steadwork.Storage;

namespace Steadwork.Sqlite.Jobs;

/// <summary>Applies what the lifecycle decided of a running job. Every statement is fenced by the lease.</summary>
internal static class Ends
{
    private readonly record struct Held(long Lane, RunningJob Job, bool Alone, long Worker, long StartedAt, string? ExclusiveKey, bool IsParent, long? Batch);

    /// <returns>False when the lease is stale: nothing changed.</returns>
    public static bool Apply(WriteTransaction transaction, AttemptEnd end)
    {
        var now = transaction.Now;
        if (end.Transition is Transition.Succeed success)
            return Succeed(transaction, end, success, now);
        if (Find(transaction, end.Job, end.Lease) is not { } held)
            return false;
        Settle(transaction, end, JobLifecycle.Honour(end.Transition, held.Job.CancelRequested), held, now);
        return true;
    }

    /// <summary>What the lifecycle must know of a job that is held under this lease; null when the lease is stale.</summary>
    public static RunningJob? Look(WriteTransaction transaction, JobId job, LeaseToken lease) => Find(transaction, job, lease)?.Job;

    private static Held? Find(WriteTransaction transaction, JobId job, LeaseToken lease) =>
        transaction.Database["held"].Bind(1, job.Value).Bind(2, lease.Value).First(row => (Held?)new Held(
            row.Long(0),
            new RunningJob(row.Int(1), row.Int(2), row.Int(3), row.TextOrNull(4)),
            row.Int(5) == 1,
            row.Long(6),
            row.Long(7),
            row.TextOrNull(8),
            row.Int(9) == 1,
            row.LongOrNull(10)));

    private static bool Succeed(WriteTransaction transaction, AttemptEnd end, Transition.Succeed success, DateTimeOffset now)
    {
        transaction.Database["succeed"]
            .Bind(1, end.Job.Value).Bind(2, end.Lease.Value).Bind(3, end.StartedAt?.ToUnixTimeMilliseconds())
            .Bind(4, (end.FinishedAt ?? now).ToUnixTimeMilliseconds()).BindText(5, success.Result).Run();
        if (transaction.Database.Changes == 0)
            return false;
        var (lane, worker, key, isParent, batch) = transaction.Database["succeeded"].Bind(1, end.Job.Value)
            .First(row => (row.Long(0), row.Long(1), row.TextOrNull(2), row.Int(3) == 1, row.LongOrNull(4)));
        if (isParent)
            transaction.Family.Loosen(end.Job.Value);
        transaction.Keys.Loosen(key);
        transaction.Lanes.Move(lane, JobState.Running, JobState.Succeeded);
        transaction.Batches.Move(batch, JobState.Running, JobState.Succeeded);
        transaction.Log(success.Name, now, end.Job.Value, end.Lease.Value, worker);
        transaction.WakeAfterCommit(WakeUp.Ends);
        return true;
    }

    private static void Settle(WriteTransaction transaction, AttemptEnd end, Transition transition, Held held, DateTimeOffset now)
    {
        var effect = TransitionEffect.Of(transition, held.Alone, now);
        var started = end.StartedAt?.ToUnixTimeMilliseconds();
        var finished = (end.FinishedAt ?? now).ToUnixTimeMilliseconds();
        if (AttemptOutcomes.Of(transition) is { } outcome)
        {
            transaction.Database["insert-attempt"]
                .Bind(1, end.Job.Value).Bind(2, held.Job.Attempt).Bind(3, held.Worker)
                .Bind(4, started ?? held.StartedAt).Bind(5, finished)
                .Bind(6, outcome).BindText(7, ErrorJson.Write(effect.Error)).BindText(8, effect.Result).Run();
            if (held.Job.Attempt > AttemptOutcomes.Kept)
                transaction.Database["forget-attempts"].Bind(1, end.Job.Value).Bind(2, held.Job.Attempt - AttemptOutcomes.Kept).Run();
        }
        transaction.Database["settle"]
            .Bind(1, end.Job.Value).Bind(2, end.Lease.Value)
            .Bind(3, effect.State.Name()).Bind(4, effect.Ready ? 1L : 0)
            .Bind(5, effect.GivesBackAttempt ? 1L : 0).Bind(6, effect.CountsFailure ? 1L : 0)
            .Bind(7, effect.RunAt?.ToUnixTimeMilliseconds())
            .Bind(8, effect.State.IsEnded() ? finished : null)
            .BindText(9, ErrorJson.Write(effect.Error)).Bind(10, effect.Alone ? 1L : 0).Bind(11, started)
            .Bind(12, (transition as Transition.Cancel)?.Reason)
            .BindText(13, effect.State.IsEnded() ? effect.Result : default).Run();

        if (held.IsParent && effect.State.IsEnded())
            transaction.Family.Loosen(end.Job.Value);
        transaction.Keys.Loosen(held.ExclusiveKey);
        transaction.Lanes.Move(held.Lane, JobState.Running, effect.State);
        transaction.Batches.Move(held.Batch, JobState.Running, effect.State);
        if (effect.IsUnstarted)
            transaction.Limits.GiveBack(held.Lane, DateTimeOffset.FromUnixTimeMilliseconds(held.StartedAt));
        if (effect.RunsAgainAtOnce && held.ExclusiveKey is { } again)
            transaction.Limits.RunsAgain(again, now);
        if (effect.Ready)
            transaction.Lanes.CountReady(held.Lane, +1);
        transaction.Log(transition.Name, now, end.Job.Value, end.Lease.Value, held.Worker);
        transaction.WakeAfterCommit(effect.State.IsEnded() ? WakeUp.Ends : WakeUp.Jobs);
    }
}
