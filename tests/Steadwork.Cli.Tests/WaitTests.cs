using Shouldly;
using Steadwork.Soak.Stores;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Cli.Tests;

public abstract class WaitTests<TStore> : IDisposable
    where TStore : IStorePlace, new()
{
    private readonly CliFolder folder = CliFolder.On<TStore>();

    public void Dispose() => folder.Dispose();

    /// <summary>Until the call that waits for a job listens.</summary>
    private Task ListeningAsync() => Waiting.UntilAsync(() => folder.Store.Listeners == 1);

    private static async Task EndJobAsync(IStore store, Transition transition)
    {
        var worker = await store.StartWorkerAsync(["default"], "note");
        await store.EndAsync(worker, await store.ClaimAsync(worker, "default", "note"), transition);
    }

    [Fact]
    public async Task It_ends_with_0_when_the_job_succeeds()
    {
        await folder.EnqueueAsync("note");
        await using var store = folder.OpenStore();
        var waiting = folder.RunAsync("wait", "1");
        await ListeningAsync();
        await EndJobAsync(store, new Transition.Succeed(default));
        (await waiting).Good().ShouldBe("Job 1 succeeded.\n");
        (await folder.JsonAsync("wait", "1")).GetProperty("state").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task It_ends_with_1_when_the_job_fails()
    {
        await folder.EnqueueAsync("note");
        await using var store = folder.OpenStore();
        var waiting = folder.RunAsync("wait", "1");
        await ListeningAsync();
        await EndJobAsync(store, new Transition.Fail(new JobError("exit-code", "It ended with 7.")));
        var ended = await waiting;
        ended.Status.ShouldBe(1);
        ended.Output.ShouldBe("Job 1 failed: exit-code: It ended with 7.\n");
    }

    [Fact]
    public async Task It_ends_with_1_when_the_job_is_cancelled()
    {
        await folder.EnqueueAsync("note");
        var waiting = folder.RunAsync("wait", "1");
        await ListeningAsync();
        (await folder.RunAsync("cancel", "1")).Good();
        var ended = await waiting;
        ended.Status.ShouldBe(1);
        ended.Output.ShouldBe("Job 1 was cancelled.\n");
    }

    [Fact]
    public async Task It_ends_with_1_when_the_job_is_deleted()
    {
        await folder.EnqueueAsync("note");
        var waiting = folder.RunAsync("wait", "1");
        await ListeningAsync();
        (await folder.RunAsync("delete", "1")).Good();
        var ended = await waiting;
        ended.Status.ShouldBe(1);
        ended.Complaint.ShouldBe("Job 1 was deleted while it was waited for.");
    }

    [Fact]
    public async Task It_ends_with_1_when_the_time_is_up()
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync("wait", "1", "--timeout", "20ms");
        ended.Status.ShouldBe(1);
        ended.Complaint.ShouldBe("Job 1 is still pending after 20ms.");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_ends_with_130_when_it_is_interrupted(bool byHand)
    {
        await folder.EnqueueAsync("note");
        using var waiting = folder.Start("wait", "1");
        await ListeningAsync();
        if (byHand)
            waiting.SendInterrupt();
        else
            waiting.SendTerminate();
        var ended = await waiting.EndAsync();
        ended.Status.ShouldBe(130);
        ended.Output.ShouldBeEmpty();
        ended.Error.ShouldBeEmpty();
        await Waiting.UntilAsync(() => folder.Store.Listeners == 0);
    }

    [Fact]
    public async Task A_job_that_is_not_there_is_an_error()
    {
        await folder.EnqueueAsync("note");
        var ended = await folder.RunAsync("wait", "2");
        ended.Status.ShouldBe(2);
        ended.Complaint.ShouldBe("There is no job 2.");
    }
}
