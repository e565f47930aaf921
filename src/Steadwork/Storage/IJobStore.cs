namespace Steadwork.Storage;

/// <summary>
/// The jobs of a store. One method is one transaction; lists go in and out; every member is total.
/// What each must do is specified by the contract suite that every store inherits.
/// </summary>
public interface IJobStore
{
    /// <summary>The time on the clock of the store, as far as this process knows: exact where that is its own clock, else within a round trip.</summary>
    DateTimeOffset Now { get; }

    /// <summary>
    /// Stores jobs, all or nothing. A job whose unique key is taken is not stored; the one that bears the key is named instead, and
    /// first takes over what <see cref="NewJob.WhenTaken"/> says.
    /// </summary>
    /// <returns>One answer a job, in order.</returns>
    /// <exception cref="ParentMissingException">A job is to come after one that there is not.</exception>
    /// <exception cref="BatchNotOpenException">A job is to be of a batch that is closed, or that there is not.</exception>
    /// <exception cref="UniqueKeyTakenException">The unique key of a job is taken that must not be: <see cref="WhenTaken.Refuse"/>.</exception>
    Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken);

    /// <summary>Registers a new incarnation of a worker, whose lease begins now.</summary>
    Task<WorkerSession> StartWorkerAsync(WorkerStart worker, CancellationToken cancellationToken);

    /// <summary>Prolongs the lease of a worker, and with it of all jobs that it holds. Runs on the caller's thread, beside all other writes.</summary>
    Renewal Renew(WorkerId worker);

    /// <summary>Applies the ends of attempts and claims what may run next, in one transaction.</summary>
    /// <param name="worker">Who asks.</param>
    /// <param name="ends">What becomes of jobs that it held. An end whose token is stale changes nothing.</param>
    /// <param name="claim">What it wants next; null claims nothing.</param>
    /// <param name="cancellationToken">Ends the wait; what has begun is still carried out whole or not at all.</param>
    Task<Exchange> ExchangeAsync(WorkerId worker, IReadOnlyList<AttemptEnd> ends, ClaimRequest? claim, CancellationToken cancellationToken);

    /// <summary>How many exchanges of one worker it can carry out at the same time with gain: 1 where there is one writer.</summary>
    int ExchangesAtOnce { get; }

    /// <summary>Ends a worker in good order. Jobs that it still holds are treated as after its death.</summary>
    Task EndWorkerAsync(WorkerId worker, CancellationToken cancellationToken);

    /// <summary>Finds dead workers (lease run out, or process gone) and applies to their jobs what the lifecycle says of a crash.</summary>
    /// <returns>The workers that were found dead, with what became of their jobs.</returns>
    Task<IReadOnlyList<RecoveredWorker>> RecoverAsync(CancellationToken cancellationToken);

    /// <summary>Carries out a request on each of the jobs that allow it.</summary>
    /// <param name="jobs">Which jobs.</param>
    /// <param name="request">What to do.</param>
    /// <param name="reason">Who asks or why, for the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One answer a job, in order.</returns>
    Task<IReadOnlyList<RequestAnswer>> RequestAsync(IReadOnlyList<JobId> jobs, JobRequest request, string reason, CancellationToken cancellationToken);

    /// <summary>Finds jobs, newest first unless the query says otherwise.</summary>
    Task<IReadOnlyList<Job>> FindAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Where a job stands among others: what <see cref="WaitReason"/> is made of. Its cost does not grow with the number of jobs.</summary>
    /// <returns>Null when there is no such job.</returns>
    Task<Standing?> StandingAsync(JobId job, CancellationToken cancellationToken);

    /// <summary>The attempts of a job, oldest first; attempts that never began are left out.</summary>
    Task<IReadOnlyList<Attempt>> AttemptsAsync(JobId job, CancellationToken cancellationToken);

    /// <summary>Kept counts and live workers; its cost does not grow with the number of jobs.</summary>
    Task<StoreStatistics> StatisticsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Lets no job of a queue, or of a type, be claimed until it is resumed. Those that run go on. What the workers have claimed
    /// ahead, some tenths of a second of work, may still begin.
    /// </summary>
    /// <param name="scope">What the name is one of.</param>
    /// <param name="name">The queue or job type; it need not have jobs yet.</param>
    /// <param name="by">Who asks or why, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when it is paused already: nothing changed.</returns>
    Task<bool> PauseAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken);

    /// <summary>Lets the jobs of a paused queue or type be claimed again.</summary>
    /// <inheritdoc cref="PauseAsync"/>
    /// <returns>False when it is not paused: nothing changed.</returns>
    Task<bool> ResumeAsync(PauseScope scope, string name, string by, CancellationToken cancellationToken);

    /// <summary>
    /// Removes what has had its time by the clock of the store: one small step of a walk over the jobs, in the order of their ids, and
    /// over the log, from the oldest. An ended job goes with its attempts, with what it came after and with a unique key that it kept;
    /// not while an unfinished job still waits for it, or for its batch, in which it has not succeeded. A batch goes when it has ended and neither a
    /// job of it nor its follower is left. Nothing of it is told by the log, which would grow by it. The walk stops at the
    /// first ended job that was enqueued less than the shortest time ago: what comes after it has ended still later, unless clocks were
    /// set back. Entries of the log go in their order up to the first that is younger than that; positions stay as they are.
    /// </summary>
    /// <param name="rules">What is kept for how long.</param>
    /// <param name="from">Where to begin: where an earlier step has come to, or the default, with the oldest.</param>
    /// <param name="most">How many jobs at the most, and four times as many entries of the log, but for the rest of those that were written together.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<Pruned> PruneAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken);

    /// <summary>How to prune it.</summary>
    PrunePace PrunePace { get; }

    /// <summary>What <see cref="PruneAsync"/> would remove, which stays.</summary>
    /// <inheritdoc cref="PruneAsync"/>
    Task<Pruned> ExpiredAsync(RetentionRules rules, PruneMark from, int most, CancellationToken cancellationToken);

    /// <summary>By what all workers of the store prune; null where nobody has set anything, and the defaults count: <see cref="RetentionRules.Default"/>.</summary>
    Task<Retention?> RetentionAsync(CancellationToken cancellationToken);

    /// <summary>Sets by what all workers of the store prune from now on, in the place of what was set before.</summary>
    /// <param name="rules">What is kept for how long.</param>
    /// <param name="by">Who sets it, for people and the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when the same is set already: nothing changed.</returns>
    Task<bool> SetRetentionAsync(RetentionRules rules, string by, CancellationToken cancellationToken);

    /// <summary>Attaches a definition to a queue unless it has one. Jobs of a queue that has one are pruned only by rules that name the queue.</summary>
    /// <returns>The definition that stands.</returns>
    Task<string> DefineQueueAsync(string queue, string definition, CancellationToken cancellationToken);
}
