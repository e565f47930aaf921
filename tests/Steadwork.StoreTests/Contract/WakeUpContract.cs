using System.Threading.Channels;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Whoever listens is woken, here and in another process; and nothing that goes wrong with it harms the change.</summary>
public abstract class WakeUpContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Channel<WakeUp> heard = Channel.CreateUnbounded<WakeUp>();

    private static WakeUp All => WakeUp.Jobs | WakeUp.Cancellations | WakeUp.Ends;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task New_jobs_wake(bool elsewhere)
    {
        using var listening = (elsewhere ? Other : Store).Listen(WakeUp.Jobs, Hear);

        await Store.AddAsync(Some.Job);

        (await HearAsync()).ShouldBe(WakeUp.Jobs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancellation_wakes(bool elsewhere)
    {
        var (_, job) = await JobInState.BringAsync(Fixture, JobState.Running);
        using var listening = (elsewhere ? Other : Store).Listen(WakeUp.Cancellations, Hear);

        await Store.RequestAsync(JobRequest.Cancel, job.Id);

        (await HearAsync()).ShouldBe(WakeUp.Cancellations);
    }

    [Theory]
    [InlineData(true, "succeed", WakeUp.Ends)]
    [InlineData(false, "succeed", WakeUp.Ends)]
    [InlineData(false, "fail", WakeUp.Ends)]
    [InlineData(false, "cancel", WakeUp.Ends)]
    [InlineData(false, "retry later", WakeUp.Jobs)]
    [InlineData(false, "release started", WakeUp.Jobs)]
    public async Task The_end_of_an_attempt_wakes(bool elsewhere, string kind, WakeUp expected)
    {
        var (worker, job) = await JobInState.BringAsync(Fixture, JobState.Running);
        using var listening = (elsewhere ? Other : Store).Listen(All, Hear);

        await worker.SettleAsync(job, Transitions.ByName[kind](Now));

        // What was rung before, that the job came, may only now come in.
        var first = await HearAsync();
        while (expected is WakeUp.Ends && first is WakeUp.Jobs)
            first = await HearAsync();
        first.ShouldBe(expected);
    }

    [Fact]
    public async Task The_recovery_of_a_dead_worker_wakes()
    {
        var (worker, _) = await JobInState.BringAsync(Fixture, JobState.Running);
        Fixture.Kill(worker.Id);
        using var listening = Store.Listen(WakeUp.Jobs, Hear);

        await Store.RecoverAsync();

        (await HearAsync()).ShouldBe(WakeUp.Jobs);
    }

    [Fact]
    public async Task Other_kinds_do_not_wake()
    {
        using var listening = Store.Listen(WakeUp.Cancellations | WakeUp.Ends, Hear);

        await Store.AddAsync(Some.Job);

        // A listener of the same process is called before the change is answered.
        heard.Reader.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Nobody_is_woken_who_does_not_listen_any_more()
    {
        var listening = Store.Listen(All, Hear);
        listening.Dispose();
        listening.Dispose();

        await Store.AddAsync(Some.Job);

        heard.Reader.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task What_changes_nothing_wakes_nobody()
    {
        await Store.AddAsync(Some.Job with { UniqueKey = "k", Delay = TimeSpan.FromHours(1) });
        var worker = await Store.StartAsync();
        using var listening = Store.Listen(All, Hear);

        await Store.AddAsync(Some.Job with { UniqueKey = "k" });
        await worker.ClaimAsync();
        await Store.RequestAsync(JobRequest.Retry, new JobId(1));

        heard.Reader.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_listener_that_throws_harms_neither_the_change_nor_other_listeners()
    {
        using var faulty = Store.Listen(All, _ => throw new InvalidOperationException("I do not want to be woken."));
        using var listening = Store.Listen(All, Hear);

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Store.AddOneAsync(Some.Job)));

        (await HearAsync()).ShouldBe(WakeUp.Jobs);
        (await Store.FindAllAsync()).Select(job => job.Id).ShouldBe(ids, ignoreOrder: true);
    }

    [Fact]
    public async Task A_listener_may_ask_the_store()
    {
        var id = await Store.AddOneAsync(Some.Job);
        using var listening = Store.Listen(WakeUp.Ends, kinds => _ = AskAsync(kinds));

        await Store.RequestAsync(JobRequest.Cancel, id);

        (await HearAsync()).ShouldBe(WakeUp.Ends);

        async Task AskAsync(WakeUp kinds)
        {
            (await Store.JobAsync(id)).State.ShouldBe(JobState.Cancelled);
            Hear(kinds);
        }
    }

    private void Hear(WakeUp kinds) => heard.Writer.TryWrite(kinds);

    private async Task<WakeUp> HearAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await heard.Reader.ReadAsync(patience.Token);
    }
}
