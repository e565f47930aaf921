namespace Steadwork.Storage.InMemory;

/// <summary>Everything that is stored, and how transitions and requests change it. The caller sees to it that one change is made at a time.</summary>
internal sealed class Ledger
{
    private readonly Gatekeeper gatekeeper;
    private readonly Dictionary<JobId, List<Attempt>> attempts = [];
    private readonly List<LogEntry> log = [];
    private readonly SortedSet<string> looseKeys = new(StringComparer.Ordinal);
    private readonly HashSet<long> arrived = [];
    private readonly SortedSet<long> looseParents = [];
    private long lastJob;
    private long lastPosition;
    private WakeUp wakeUps;

    /// <param name="gatekeeper">The rate limits, of which those of exclusive keys count here.</param>
    public Ledger(Gatekeeper gatekeeper) => (this.gatekeeper, Jobs) = (gatekeeper, new Table(Batches));

    public Batches Batches { get; } = new();

    public Table Jobs { get; }

    public Family Family { get; } = new();

    /// <summary>The position of the newest entry of the log, be it gone or not.</summary>
    public long LogPosition => lastPosition;

    /// <summary>The entries of the log after a position.</summary>
    public IEnumerable<LogEntry> LogAfter(long position) => log.Skip((int)Math.Clamp(position - (lastPosition - log.Count), 0, log.Count));

    /// <summary>Takes away the entries of the log up to a position.</summary>
    public void ForgetLog(long upto) => log.RemoveRange(0, (int)Math.Clamp(upto - (lastPosition - log.Count), 0, log.Count));

    /// <summary>Takes away a job that has ended, and nobody is told.</summary>
    public void Forget(Entry entry)
    {
        Jobs.Remove(entry.Job.Id);
        // How it ended stays in the counts of its batch.
        Batches.Count(entry.Job, +1);
        Family.RemoveChild(entry.Id);
        attempts.Remove(entry.Job.Id);
    }

    /// <summary>The attempts of a job that did not succeed, and the present one, if any.</summary>
    public IReadOnlyList<Attempt> AttemptsOf(JobId id)
    {
        var past = attempts.GetValueOrDefault(id) ?? [];
        if (!Jobs.TryGet(id, out var entry) || entry.Job is not { State: JobState.Running or JobState.Succeeded, Worker: { } worker, StartedAt: { } startedAt } job)
            return [.. past];
        return [.. past, new Attempt(job.Attempt, worker, startedAt, job.FinishedAt, job.State.Name(), Error: null)];
    }

    /// <param name="draft">The job.</param>
    /// <param name="whenTaken">What becomes of the one that already bears its unique key.</param>
    /// <param name="after">The jobs that it comes after.</param>
    /// <param name="now">The time.</param>
    public EnqueuedJob Enqueue(Entry draft, WhenTaken whenTaken, IReadOnlyCollection<long> after, DateTimeOffset now)
    {
        // Whoever brings a job with an exclusive key has that looked at, even if the job itself comes to nothing, or stands behind it later.
        Loosen(draft);
        if (draft.Job.UniqueKey is { } key && Jobs.BearerOf(key, now) is { } bearer)
        {
            if (whenTaken is WhenTaken.Amend)
                Amend(bearer, draft.Job.MaxAttempts, now);
            else if (whenTaken.Replaces())
                Replace(bearer, whenTaken is WhenTaken.ReplaceTime ? bearer.Job.Payload : draft.Job.Payload, whenTaken is WhenTaken.ReplacePayload ? bearer.Job : draft.Job, now);
            return new EnqueuedJob(bearer.Job.Id, Existing: true, bearer.Job.State);
        }
        var entry = draft with { Job = draft.Job with { Id = new JobId(++lastJob) } };
        foreach (var parent in after.Order())
        {
            Family.Add(entry.Id, parent);
            looseParents.Add(parent);
        }
        if (after.Count > 0)
            entry = entry with { Ready = false, Blocked = true, Job = entry.Job with { State = JobState.Waiting } };
        Jobs.Put(entry);
        Write(LogKinds.Enqueued, now, entry.Job.Id, null, null);
        Arrive(entry);
        Wake(WakeUp.Jobs);
        return new EnqueuedJob(entry.Job.Id, Existing: false, entry.Job.State);
    }

    private void Amend(Entry bearer, int maxAttempts, DateTimeOffset now)
    {
        if (bearer.Job.State is JobState.Succeeded || bearer.Job.MaxAttempts == maxAttempts)
            return;
        Jobs.Put(bearer with { Job = bearer.Job with { MaxAttempts = maxAttempts } });
        Write(LogKinds.Amended, now, bearer.Job.Id, null, null);
    }

    /// <summary>Another time moves a job to where it then belongs, unless it waits for others to end.</summary>
    private void Replace(Entry bearer, ReadOnlyMemory<byte> payload, Job timed, DateTimeOffset now)
    {
        var job = bearer.Job;
        if (job.State is not (JobState.Pending or JobState.Waiting) || ((job.RunAt, job.ExpiresAt) == (timed.RunAt, timed.ExpiresAt) && job.Payload.Span.SequenceEqual(payload.Span)))
            return;
        var replaced = bearer with { Job = job with { Payload = payload, RunAt = timed.RunAt, ExpiresAt = timed.ExpiresAt } };
        if (job.RunAt != timed.RunAt && !bearer.Blocked)
            replaced = replaced.Placed(now);
        Loosen(bearer);
        Jobs.Put(replaced);
        Arrive(replaced);
        Write(LogKinds.Amended, now, job.Id, null, null);
        Wake(WakeUp.Jobs);
    }

    /// <summary>A job has come to stand behind its exclusive key, if it has one.</summary>
    public void Arrive(Entry entry)
    {
        if (entry.WaitsBehind is not { } key)
            return;
        looseKeys.Add(key);
        arrived.Add(entry.Id);
    }

    /// <summary>Lets those go on, or ends them, that waited for others which have ended; then those that come to their turn behind the exclusive keys of which something has changed.</summary>
    public void Admit(DateTimeOffset now)
    {
        // Of several that ended together the first names itself to a child: on every store the same one.
        var ended = new Queue<long>(TakeLooseParents());
        while (ended.TryDequeue(out var parent))
        {
            Attend(parent, now);
            foreach (var next in TakeLooseParents())
                ended.Enqueue(next);
        }
        foreach (var key in looseKeys)
        {
            while (Jobs.FirstBehind(key) is { Job: var job } first && Jobs.FreeSlot(key, job.ExclusiveLimit) is { } slot && gatekeeper.Admits(key, now))
            {
                Jobs.Put(first with { Slot = slot, Ready = true, Job = job with { State = JobState.Pending } });
                if (!arrived.Contains(first.Id))
                    Write(LogKinds.Admitted, now, job.Id, null, null);
                Wake(WakeUp.Jobs);
            }
        }
        looseKeys.Clear();
        arrived.Clear();
    }

    private long[] TakeLooseParents()
    {
        looseParents.UnionWith(Batches.TakeTouched().Select(batch => -batch));
        long[] taken = [.. looseParents];
        looseParents.Clear();
        return taken;
    }

    /// <summary>Tells the end of a job, or of a batch, to those that wait for it.</summary>
    private void Attend(long parent, DateTimeOffset now)
    {
        if (EndOf(parent, now) is not var (end, reason))
            return;
        foreach (var child in Family.Awaiting(parent))
        {
            Jobs.TryGet(new JobId(child), out var entry);
            var done = Parentage.IsDone(end, entry!.RunsAnyway);
            if (done)
                Family.Done(child, parent);
            if (entry.Job.State.IsEnded() && end is JobState.Succeeded)
                Restore(entry, now);
            else if (!entry.Job.State.IsEnded() && !done)
                Cancel(entry, reason, now, orphaned: true);
            else if (!entry.Job.State.IsEnded() && !Family.AwaitedBy(child).Any())
                Unblock(entry, now);
        }
    }

    /// <summary>How a job or a batch has ended, and why one that waits for it is cancelled if it was not well; null while it has not.</summary>
    private (JobState? End, string Reason)? EndOf(long parent, DateTimeOffset now)
    {
        if (parent < 0)
            return EndOfBatch(-parent, now);
        var id = new JobId(parent);
        return !Jobs.TryGet(id, out var ended) ? (null, Parentage.Reason(id, null))
            : ended.Job.State.IsEnded() ? (ended.Job.State, Parentage.Reason(id, ended.Job.State))
            : null;
    }

    private (JobState? End, string Reason)? EndOfBatch(long id, DateTimeOffset now)
    {
        if (Batches.Find(id) is not { } batch)
            return null;
        var isOver = BatchEnd.HasCome(batch.IsOpen, batch.Unfinished);
        if (isOver && batch.EndedAt is null)
        {
            Write(LogKinds.BatchEnded, now, null, null, null, BatchJson.Write(batch.Id, batch.Counts, batch.Deleted));
            Wake(WakeUp.Ends);
        }
        Batches.Put(batch with { EndedAt = isOver ? batch.EndedAt ?? Times.Whole(now) : null });
        return isOver ? (BatchEnd.Of(batch.Unsuccessful), BatchEnd.Reason(batch.Id, batch.Total + batch.Deleted, batch.Counts.Succeeded)) : null;
    }

    /// <summary>Whether a job waits in vain for another, or for a batch.</summary>
    private bool StandsEnded(long parent) =>
        parent < 0 ? Batches.Find(-parent) is not { EndedAt: null } : !Jobs.TryGet(new JobId(parent), out var other) || other.Job.State.IsEnded();

    /// <summary>A job that was cancelled because of one before it goes on, unless another of those stands ended as well, or another job bears its key.</summary>
    private void Restore(Entry entry, DateTimeOffset now)
    {
        var awaited = Family.AwaitedBy(entry.Id).ToList();
        if (!entry.Orphaned || awaited.Exists(StandsEnded))
            return;
        if (entry.Job.UniqueKey is { } key && Jobs.BearerOf(key, now) is { } bearer && bearer.Id != entry.Id)
            return;
        var restored = entry with { Orphaned = false, Blocked = true, Job = entry.Job with { State = JobState.Waiting, FinishedAt = null, CancelReason = null } };
        Jobs.Put(restored);
        Batches.Touch(entry.Job.BatchId);
        Write(LogKinds.Restored, now, entry.Job.Id, null, null);
        if (awaited.Count == 0)
            Unblock(restored, now);
    }

    /// <summary>A job waits for no other any more: it joins its line, or stands behind its exclusive key, or waits for its time.</summary>
    private void Unblock(Entry entry, DateTimeOffset now)
    {
        var free = (entry with { Blocked = false }).Placed(now);
        Jobs.Put(free);
        Arrive(free);
        Write(LogKinds.Admitted, now, entry.Job.Id, null, null);
        Wake(WakeUp.Jobs);
    }

    /// <summary>Those that come after a job may have to know what has become of it, and its batch may have ended.</summary>
    /// <param name="job">It as it was.</param>
    private void Ended(Job job)
    {
        if (Family.HasChildren(job.Id.Value))
            looseParents.Add(job.Id.Value);
        if (!job.State.IsEnded())
            Batches.Touch(job.BatchId);
    }

    /// <summary>Applies what the lifecycle decided of a running job.</summary>
    /// <returns>False when the lease is stale: nothing changed.</returns>
    public bool Settle(AttemptEnd end, DateTimeOffset now)
    {
        if (Jobs.Held(end.Job, end.Lease) is not { Job: var job } entry)
            return false;
        var transition = JobLifecycle.Honour(end.Transition, entry.Job.CancelReason);
        var effect = TransitionEffect.Of(transition, job.Alone, now);
        var finishedAt = Times.Whole(end.FinishedAt ?? now);
        var startedAt = Times.Whole(end.StartedAt) ?? job.StartedAt!.Value;
        if (transition is not Transition.Succeed && AttemptOutcomes.Of(transition) is { } outcome)
            Remember(job.Id, new Attempt(job.Attempt, job.Worker!.Value, startedAt, finishedAt, outcome, effect.Error, effect.Result.ToArray()));
        var ended = effect.State.IsEnded();
        // The place of a key that only one may have is kept until the end: nobody passes a job that waits for its retry.
        var keepsSlot = !ended && (effect.Ready || job.ExclusiveLimit == 1);
        Loosen(entry);
        if (effect.IsUnstarted)
            gatekeeper.GiveBack(job.Queue, job.Type, job.StartedAt!.Value);
        if (effect.RunsAgainAtOnce && job.ExclusiveKey is { } again)
            gatekeeper.RunsAgain(again, now);
        Jobs.Put(entry with
        {
            Ready = effect.Ready,
            Slot = keepsSlot ? entry.Slot : null,
            Job = job with
            {
                State = effect.State,
                Attempt = job.Attempt - (effect.GivesBackAttempt ? 1 : 0),
                Failures = job.Failures + (effect.CountsFailure ? 1 : 0),
                RunAt = Times.Whole(effect.RunAt) ?? job.RunAt,
                StartedAt = ended ? startedAt : null,
                FinishedAt = ended ? finishedAt : null,
                Worker = ended ? job.Worker : null,
                Alone = effect.Alone,
                LastError = transition is Transition.Succeed ? null : effect.Error ?? job.LastError,
                Result = ended ? effect.Result.ToArray() : default,
                CancelReason = effect.State is JobState.Cancelled ? job.CancelReason ?? (transition as Transition.Cancel)?.Reason : null,
            },
        });
        Write(transition.Name, now, end.Job, end.Lease, job.Worker);
        if (ended)
            Ended(job);
        Wake(ended ? WakeUp.Ends : WakeUp.Jobs);
        return true;
    }

    public RequestAnswer CarryOut(JobId id, JobRequest request, string reason, DateTimeOffset now)
    {
        if (!Jobs.TryGet(id, out var entry))
            return RequestAnswer.NotFound;
        if (!JobLifecycle.Allows(entry.Job.State, request))
            return RequestAnswer.Refused;
        return request switch
        {
            JobRequest.Cancel when entry.Job.State is JobState.Running => Signal(entry, reason, now),
            JobRequest.Cancel => Cancel(entry, reason, now),
            JobRequest.Retry => Retry(entry, reason, now),
            _ => Delete(entry, reason, now),
        };
    }

    public void Write(string kind, DateTimeOffset at, JobId? job, LeaseToken? lease, WorkerId? worker, ReadOnlyMemory<byte> data = default) =>
        log.Add(new LogEntry(++lastPosition, Times.Whole(at), kind, job, lease, worker, data.ToArray()));

    public void Wake(WakeUp kinds) => wakeUps |= kinds;

    public WakeUp TakeWakeUps()
    {
        var taken = wakeUps;
        wakeUps = WakeUp.None;
        return taken;
    }

    private RequestAnswer Signal(Entry entry, string reason, DateTimeOffset now)
    {
        Jobs.Put(entry with { Job = entry.Job with { CancelReason = entry.Job.CancelReason ?? reason } });
        Write(LogKinds.CancelRequested, now, entry.Job.Id, null, null);
        Wake(WakeUp.Cancellations);
        return RequestAnswer.Signalled;
    }

    private RequestAnswer Cancel(Entry entry, string reason, DateTimeOffset now, bool orphaned = false)
    {
        Loosen(entry);
        Jobs.Put(entry with
        {
            Ready = false,
            Slot = null,
            Blocked = false,
            Orphaned = orphaned,
            Job = entry.Job with { State = JobState.Cancelled, Alone = false, FinishedAt = Times.Whole(now), CancelReason = reason },
        });
        Write(new Transition.Cancel(reason).Name, now, entry.Job.Id, null, null);
        Ended(entry.Job);
        Wake(WakeUp.Ends);
        return RequestAnswer.Done;
    }

    /// <summary>Ends a job that is not worth beginning any more.</summary>
    public void Expire(Entry late, DateTimeOffset now) => Cancel(late, Expiry.Reason(late.Job.ExpiresAt!.Value), now);

    private RequestAnswer Retry(Entry entry, string by, DateTimeOffset now)
    {
        if (entry.Job.UniqueKey is { } key && Jobs.BearerOf(key, now) is { } bearer && bearer.Id != entry.Id)
            return RequestAnswer.KeyTaken;
        var blocked = Family.AwaitedBy(entry.Id).Any();
        var waits = blocked || entry.Job.ExclusiveKey is not null;
        var retried = entry with
        {
            Ready = !waits,
            Blocked = blocked,
            Orphaned = false,
            Job = entry.Job with
            {
                State = waits ? JobState.Waiting : JobState.Pending,
                Failures = 0,
                Alone = false,
                RunAt = Times.Whole(now),
                ExpiresAt = Expiry.AfterRetry(entry.Job.ExpiresAt, now),
                StartedAt = null,
                FinishedAt = null,
                Worker = null,
                LastError = null,
                Result = default,
                CancelReason = null,
            },
        };
        Jobs.Put(retried);
        Batches.Touch(entry.Job.BatchId);
        Arrive(retried);
        Write(LogKinds.Retried, now, entry.Job.Id, null, null, NamedJson.By(by));
        Wake(WakeUp.Jobs);
        return RequestAnswer.Done;
    }

    private RequestAnswer Delete(Entry entry, string by, DateTimeOffset now)
    {
        Loosen(entry);
        Jobs.Remove(entry.Job.Id);
        Family.RemoveChild(entry.Id);
        Ended(entry.Job);
        Batches.Deleted(entry.Job);
        attempts.Remove(entry.Job.Id);
        Write(LogKinds.Deleted, now, entry.Job.Id, null, null, NamedJson.By(by));
        return RequestAnswer.Done;
    }

    /// <summary>A place of an exclusive key may have come free.</summary>
    public void Loosen(string key) => looseKeys.Add(key);

    private void Loosen(Entry entry)
    {
        if (entry.Job.ExclusiveKey is { } key)
            Loosen(key);
    }

    private void Remember(JobId job, Attempt attempt)
    {
        if (!attempts.TryGetValue(job, out var past))
            attempts[job] = past = [];
        past.Add(attempt);
        past.RemoveAll(old => old.Number <= attempt.Number - AttemptOutcomes.Kept);
    }
}
