using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A store that carries out two exchanges of a worker at once, and answers when it is told to.</summary>
public sealed class ExchangesAtOnceTests : IAsyncDisposable
{
    private readonly Workbench bench = new();
    private readonly Dictionary<string, Gate> gates = [];

    public ExchangesAtOnceTests()
    {
        foreach (var type in new[] { "first", "second", "third", "fourth" })
        {
            var gate = gates[type] = new Gate();
            bench.Handle(type, async _ =>
            {
                gate.Runs++;
                gate.Begun.TrySetResult();
                await gate.End.Task;
            });
        }
    }

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task What_ends_while_one_waits_for_its_answer_goes_into_another()
    {
        var answer = new TaskCompletionSource();
        Answer(async (exchange, ends, _) =>
        {
            if (ends == gates["first"].Job)
                await answer.Task;
            return await exchange;
        });
        await RunAsync("first", "second");

        gates["first"].End.SetResult();
        await bench.UntilAsync(gates["first"].Job, JobState.Succeeded);
        gates["second"].End.SetResult();
        await bench.UntilAsync(gates["second"].Job, JobState.Succeeded);
        answer.Task.IsCompleted.ShouldBeFalse();
        answer.SetResult();
    }

    [Fact]
    public async Task After_a_lost_answer_the_worker_asks_what_it_holds_only_when_the_other_has_been_answered()
    {
        var (lost, late, looked) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        var asked = 0;
        var askedTooEarly = false;
        Answer(async (exchange, ends, claim) =>
        {
            if (claim?.Known is not null)
            {
                asked++;
                askedTooEarly |= !late.Task.IsCompleted;
            }
            if (asked == 0 && ends == gates["first"].Job)
            {
                await lost.Task;
                throw new StoreUnavailableException("The connection broke.");
            }
            if (ends == gates["second"].Job)
                await late.Task;
            return await exchange;
        }, () =>
        {
            if (lost.Task.IsCompleted)
                looked.TrySetResult();
        });
        await RunAsync("first", "second");

        // Each brings, with the end, a job that the worker has not heard of yet.
        await EnqueueBehindAsync("third", "first");
        gates["first"].End.SetResult();
        await bench.UntilAsync(gates["third"].Job, JobState.Running);
        await EnqueueBehindAsync("fourth", "second");
        gates["second"].End.SetResult();
        await bench.UntilAsync(gates["fourth"].Job, JobState.Running);

        lost.SetResult();
        await looked.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        late.SetResult();
        foreach (var type in new[] { "third", "fourth" })
        {
            gates[type].End.SetResult();
            await bench.UntilAsync(gates[type].Job, JobState.Succeeded);
            gates[type].Runs.ShouldBe(1);
        }
        (asked, askedTooEarly).ShouldBe((1, false));
    }

    private async Task RunAsync(params string[] types)
    {
        await bench.StartAsync(options => (options.Concurrency, options.MaxPrefetch) = (2, 0));
        foreach (var type in types)
        {
            gates[type].Job = await bench.EnqueueAsync(type);
            await gates[type].Begun.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>While the worker is full; so it comes with the exchange that tells the end of the one before it.</summary>
    private async Task EnqueueBehindAsync(string type, string before) => gates[type].Job = await bench.EnqueueAsync(type, job => job with { After = [gates[before].Job] });

    /// <summary>Carries out what workers ask, and answers as told.</summary>
    /// <param name="answer">Gets the answer of the store, the job whose end was told, and what was claimed.</param>
    /// <param name="looked">Is told when a worker has looked whether it may ask once more.</param>
    private void Answer(Func<Task<Exchange>, JobId?, ClaimRequest?, Task<Exchange>> answer, Action? looked = null) =>
        bench.Front = StoreFront.Of(bench.Store, (method, arguments, call) =>
        {
            switch (method)
            {
                case $"get_{nameof(IJobStore.ExchangesAtOnce)}":
                    looked?.Invoke();
                    return 2;
                case nameof(IJobStore.ExchangeAsync):
                    var ends = (IReadOnlyList<AttemptEnd>)arguments[1]!;
                    return answer((Task<Exchange>)call()!, ends.Count == 1 ? ends[0].Job : null, (ClaimRequest?)arguments[2]);
                default:
                    return call();
            }
        });

    private sealed class Gate
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public JobId Job { get; set; }

        public int Runs { get; set; }
    }
}
