using Steadwork.Storage;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>Brings a fresh store to one job in a given state, with one attempt before it that was given back.</summary>
internal static class JobInState
{
    /// <returns>The worker that held it last, and the claim under which it did.</returns>
    public static async Task<(TestWorker Worker, ClaimedJob Job)> BringAsync(IStoreFixture fixture, JobState state)
    {
        var store = fixture.Store;
        await store.AddAsync(Some.Job);
        var worker = await store.StartAsync();
        var claimed = await worker.ClaimOneAsync();
        await worker.SettleAsync(claimed, new Transition.Release(Started: true));
        if (state is JobState.Waiting)
            fixture.Hold(claimed.Id);
        if (state is JobState.Pending or JobState.Waiting)
            return (worker, claimed);

        claimed = await worker.ClaimOneAsync();
        if (state is not JobState.Running)
            await worker.SettleAsync(claimed, EndIn(state));
        return (worker, claimed);
    }

    private static Transition EndIn(JobState state) => state switch
    {
        JobState.Succeeded => new Transition.Succeed(Some.Json("[1]")),
        JobState.Failed => new Transition.Fail(Some.Error),
        _ => new Transition.Cancel("enough"),
    };
}
