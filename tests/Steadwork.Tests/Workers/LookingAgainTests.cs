using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A store where a claim may pass over what another looks at, and answers so.</summary>
public sealed class LookingAgainTests : IAsyncDisposable
{
    private const string LoopThread = "steadwork-running";
    private static readonly TimeSpan OthersHold = TimeSpan.FromMilliseconds(20);
    private readonly Workbench bench = new();

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task What_may_have_been_missed_is_asked_for_again_only_when_others_have_had_time_to_let_go_of_it()
    {
        var asked = new List<DateTimeOffset>();
        var (wentOn, askedAgain) = (new TaskCompletionSource(), new TaskCompletionSource());
        var looksSince = 0;
        bench.Handle("note", _ => Task.CompletedTask);
        bench.Front = StoreFront.Of(bench.Store, (method, _, call) =>
        {
            var asks = method == nameof(IJobStore.ExchangeAsync);
            if (asks)
                asked.Add(bench.Clock.GetUtcNow());
            if (asked.Count == 2)
                askedAgain.TrySetResult();
            // By the fourth of these the loop has heard the first answer, and has decided what to do.
            if (asked.Count > 0 && Thread.CurrentThread.Name == LoopThread && (asks || method == $"get_{nameof(IJobStore.Now)}") && ++looksSince == 4)
                wentOn.TrySetResult();
            return asks ? Task.FromResult(((Task<Exchange>)call()!).Result with { MayHaveMissed = true }) : call();
        });
        await StartAsync();

        await ComesAsync(wentOn);
        bench.Clock.Advance(OthersHold);
        await ComesAsync(askedAgain);
        (asked[1] - asked[0]).ShouldBeGreaterThanOrEqualTo(OthersHold);
    }

    [Fact]
    public async Task It_is_asked_for_again_then_though_an_end_was_told_meanwhile_and_only_what_a_wake_up_led_to_says_so()
    {
        var (toldEnd, askedAgain) = (new TaskCompletionSource(), new TaskCompletionSource());
        var (wasRung, wasRungAgain) = (false, true);
        bench.Handle("note", _ => Task.CompletedTask);
        bench.Front = StoreFront.Of(bench.Store, (method, arguments, call) =>
        {
            if (method != nameof(IJobStore.ExchangeAsync))
                return call();
            var answer = ((Task<Exchange>)call()!).Result;
            var isRung = arguments[2] is ClaimRequest { IsRung: true };
            if (answer.Claimed.Count > 0)
                wasRung = isRung;
            if (((IReadOnlyList<AttemptEnd>)arguments[1]!).Count > 0)
                toldEnd.TrySetResult();
            else if (toldEnd.Task.IsCompleted)
            {
                wasRungAgain = isRung;
                askedAgain.TrySetResult();
            }
            return Task.FromResult(answer with { MayHaveMissed = answer.Claimed.Count > 0 });
        });
        await StartAsync();
        await bench.EnqueueAsync("note");

        await ComesAsync(toldEnd);
        bench.Clock.Advance(OthersHold);
        await ComesAsync(askedAgain);
        (wasRung, wasRungAgain).ShouldBe((true, false));
    }

    // Nothing but what is looked for here has it ask.
    private Task StartAsync() => bench.StartAsync(options => options.PollInterval = TimeSpan.FromDays(1));

    private static Task ComesAsync(TaskCompletionSource signal) => signal.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
}
