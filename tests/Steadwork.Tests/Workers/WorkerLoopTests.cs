using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Steadwork.Workers;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>The thread of a loop.</summary>
public sealed class WorkerLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_loop_that_is_disposed_of_by_its_own_step_ends_and_takes_nothing_with_it()
    {
        // What its thread threw would end the whole process.
        var loop = new EndsItself();
        loop.Start();
        var thread = await loop.Stepped.WaitAsync(Patience, TestContext.Current.CancellationToken);

        thread.Join(Patience).ShouldBeTrue();
        loop.Steps.ShouldBe(1);
    }

    private sealed class EndsItself() : WorkerLoop("ending", NullLogger.Instance)
    {
        private readonly TaskCompletionSource<Thread> stepped = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Thread> Stepped => stepped.Task;

        public int Steps { get; private set; }

        protected override TimeSpan Step()
        {
            Steps++;
            Dispose();
            stepped.SetResult(Thread.CurrentThread);
            return Patience;
        }
    }
}
