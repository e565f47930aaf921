using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>An exchange that fails may have been carried out: a connection broke, a disk failed, after the commit.</summary>
public sealed class LostAnswerTests : IAsyncDisposable
{
    private readonly Workbench bench = new();

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task A_job_that_was_claimed_by_it_is_run_by_the_same_worker_and_once()
    {
        var runs = 0;
        LoseTheAnswerThat(exchange => exchange.Claimed.Count > 0);
        bench.Handle("note", _ =>
        {
            runs++;
            return Task.CompletedTask;
        });
        await bench.StartAsync();
        var job = await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
        (runs, job.Attempt).ShouldBe((1, 1));
        (await bench.Store.ReadAsync(0, 100, TestContext.Current.CancellationToken)).Count(entry => entry.Kind == LogKinds.Claimed).ShouldBe(1);
    }

    [Fact]
    public async Task An_end_that_was_told_by_it_is_no_late_end()
    {
        LoseTheAnswerThat(exchange => exchange.Accepted.Count > 0);
        bench.Handle("note", _ => Task.CompletedTask);
        var worker = await bench.StartAsync();
        await bench.UntilAsync(await bench.EnqueueAsync("note"), JobState.Succeeded);
        await bench.Lines.SeenAsync(14);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        bench.Lines.All.ShouldNotContain(line => line.Event == 12);
    }

    [Fact]
    public async Task A_life_that_was_lost_is_let_go_once_nothing_of_it_runs()
    {
        var ended = new TaskCompletionSource<WorkerId>(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Front = StoreFront.Of(bench.Store, (method, arguments, call) =>
        {
            if (method == nameof(IJobStore.EndWorkerAsync))
                ended.TrySetResult((WorkerId)arguments[0]!);
            return call();
        });
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource();
        bench.Handle("note", async _ =>
        {
            begun.TrySetResult();
            await gate.Task;
        });
        var worker = await bench.StartAsync();
        var life = worker.Id!.Value;
        await bench.EnqueueAsync("note");
        await begun.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);

        bench.Store.Abandon(life);
        await bench.Store.RecoverAsync(TestContext.Current.CancellationToken);
        await bench.Lines.SeenAsync(3);
        ended.Task.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        (await ended.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken)).ShouldBe(life);
    }

    /// <summary>Carries out the first exchange of that kind, and lets its answer get lost.</summary>
    private void LoseTheAnswerThat(Func<Exchange, bool> isMeant)
    {
        var lost = false;
        bench.Front = StoreFront.Of(bench.Store, (method, _, call) =>
        {
            var answer = call();
            if (lost || method != nameof(IJobStore.ExchangeAsync) || !isMeant(((Task<Exchange>)answer!).Result))
                return answer;
            lost = true;
            return Task.FromException<Exchange>(new StoreUnavailableException("The connection broke."));
        });
    }
}
