using Shouldly;
using Steadwork.Storage;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>A store where a claim may pass over what another looks at, and answers so.</summary>
public sealed class LookingAgainTests : IAsyncDisposable
{
    private static readonly TimeSpan OthersHold = TimeSpan.FromMilliseconds(20);
    private readonly Workbench bench = new();

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task What_may_have_been_missed_is_asked_for_once_more_and_only_when_others_have_had_time_to_let_go_of_it()
    {
        var asked = new List<DateTimeOffset>();
        var (wentOn, askedAgain) = (new TaskCompletionSource(), new TaskCompletionSource());
        var looksSince = 0;
        bench.Handle("note", _ => Task.CompletedTask);
        bench.Front = StoreFront.Of(bench.Store, (method, _, call) =>
        {
            if (method == nameof(IJobStore.ExchangeAsync))
            {
                asked.Add(bench.Clock.GetUtcNow());
                if (asked.Count == 2)
                    askedAgain.TrySetResult();
            }
            // By the second of these the loop has heard the first answer, and has decided what to do.
            if (asked.Count > 0 && method is nameof(IJobStore.ExchangeAsync) or $"get_{nameof(IJobStore.Now)}" && ++looksSince == 4)
                wentOn.TrySetResult();
            return method == nameof(IJobStore.ExchangeAsync) ? Task.FromResult(((Task<Exchange>)call()!).Result with { MayHaveMissed = true }) : call();
        });
        await bench.StartAsync(options => options.PollInterval = TimeSpan.FromDays(1));

        await wentOn.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        bench.Clock.Advance(OthersHold);
        await askedAgain.Task.WaitAsync(Workbench.Patience, TestContext.Current.CancellationToken);
        (asked[1] - asked[0]).ShouldBeGreaterThanOrEqualTo(OthersHold);
    }
}
