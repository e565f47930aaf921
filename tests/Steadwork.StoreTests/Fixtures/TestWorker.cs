using Steadwork.Storage;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>A registered worker that does what a test says.</summary>
internal sealed class TestWorker(IStore store, WorkerSession session, WorkerStart start)
{
    public WorkerId Id => session.Id;

    public WorkerSession Session => session;

    public IStartMarks Marks => session.Marks;

    public Task<Exchange> ExchangeAsync(IReadOnlyList<AttemptEnd> ends, int max = 0, int holding = 0, IReadOnlyCollection<LeaseToken>? known = null, ClaimRule? rule = null) =>
        store.ExchangeAsync(Id, ends, new ClaimRequest(start.Queues, start.Types, max, holding, known) { Rule = rule ?? ClaimRule.Default, Tags = start.Tags }, CancellationToken.None);

    /// <summary>Claims as after a wake-up.</summary>
    public Task<Exchange> ClaimRungAsync(int max = 10) =>
        store.ExchangeAsync(Id, [], new ClaimRequest(start.Queues, start.Types, max, 0) { Tags = start.Tags, IsRung = true }, CancellationToken.None);

    public async Task<IReadOnlyList<ClaimedJob>> ClaimAsync(int max = 10, int holding = 0, ClaimRule? rule = null) =>
        (await ExchangeAsync([], max, holding, rule: rule)).Claimed;

    /// <summary>Claims one job that must be there.</summary>
    public async Task<ClaimedJob> ClaimOneAsync() => (await ClaimAsync(1)).Single();

    /// <summary>Ends an attempt, which is said to have begun at the given time.</summary>
    /// <returns>Whether the store took it.</returns>
    public async Task<bool> SettleAsync(ClaimedJob job, Transition transition, DateTimeOffset? startedAt = null) =>
        (await store.ExchangeAsync(Id, [new AttemptEnd(job.Id, job.Lease, transition, startedAt)], claim: null, CancellationToken.None)).Accepted.Single();

    public Renewal Renew() => store.Renew(Id);

    public Task EndAsync() => store.EndWorkerAsync(Id, CancellationToken.None);
}
