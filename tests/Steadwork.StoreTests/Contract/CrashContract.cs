using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Contract;

/// <summary>What the contracts about dead workers share.</summary>
public abstract class CrashContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    protected private async Task<(TestWorker Worker, IReadOnlyList<ClaimedJob> Jobs)> ClaimedAsync(int count)
    {
        await Store.AddAsync(Some.Jobs(count));
        var worker = await Store.StartAsync();
        return (worker, await worker.ClaimAsync(count));
    }

    protected private async Task<RecoveredWorker> DieAsync(TestWorker worker)
    {
        Fixture.Kill(worker.Id);
        return (await Other.RecoverAsync()).Single();
    }

    protected private async Task<List<(int Attempt, int Failures, bool Alone)>> FatesAsync(IEnumerable<ClaimedJob> claimed)
    {
        var jobs = await Store.FindAsync(new JobQuery { Ids = [.. claimed.Select(job => job.Id)] });
        jobs.ShouldAllBe(job => job.State == JobState.Pending);
        return [.. jobs.Select(job => (job.Attempt, job.Failures, job.Alone))];
    }
}
