using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Every transition in every state: what it makes of a running job, and that it makes nothing of any other.</summary>
public abstract class TransitionContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    public static TheoryData<JobState, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<JobState, string>();
            foreach (var state in JobStates.All)
            {
                foreach (var kind in Transitions.ByName.Keys)
                    pairs.Add(state, kind);
            }
            return pairs;
        }
    }

    [Fact]
    public async Task Of_a_job_that_is_snoozed_again_and_again_the_last_attempts_are_kept()
    {
        var id = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        var job = await worker.ClaimOneAsync();
        for (var attempt = 1; attempt <= AttemptOutcomes.Kept + 3; attempt++)
            job = (await worker.ExchangeAsync([new AttemptEnd(id, job.Lease, new Transition.Snooze(Now), null)], max: 1)).Claimed.Single();

        var attempts = await Store.AttemptsAsync(id);
        attempts.Select(attempt => attempt.Number).ShouldBe(Enumerable.Range(4, AttemptOutcomes.Kept + 1));
        attempts[^1].Outcome.ShouldBe(AttemptOutcomes.Running);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_transition_is_applied_to_a_running_job_and_to_no_other(JobState state, string kind)
    {
        var (worker, job) = await JobInState.BringAsync(Fixture, state);
        var before = await Picture.OfAsync(Store);
        Advance(7);

        var accepted = await worker.SettleAsync(job, Transitions.ByName[kind](Now), startedAt: In(-3));

        accepted.ShouldBe(state is JobState.Running);
        if (!accepted)
            (await Picture.OfAsync(Store)).ShouldBe(before);
        else
            await IsAsExpected(worker.Id, job, kind);
    }

    /// <summary>The job had been claimed and given back once, and then claimed 7 s ago, to begin 3 s ago.</summary>
    private async Task IsAsExpected(WorkerId worker, ClaimedJob claimed, string kind)
    {
        var expected = Expected[kind];
        var job = await Other.JobAsync(claimed.Id);
        var ended = expected.State.IsEnded();

        job.State.ShouldBe(expected.State);
        job.Attempt.ShouldBe(expected.Attempt);
        job.Failures.ShouldBe(expected.Failures);
        job.Alone.ShouldBe(expected.Alone);
        job.RunAt.ShouldBe(expected.RunsIn is { } seconds ? In(seconds) : job.CreatedAt);
        job.StartedAt.ShouldBe(ended ? In(-3) : null);
        job.FinishedAt.ShouldBe(ended ? Now : null);
        job.Worker.ShouldBe(ended ? worker : null);
        job.LastError.ShouldBe(expected.Error);
        Some.Text(job.Result).ShouldBe(expected.Result);
        job.CancelReason.ShouldBe(expected.State is JobState.Cancelled ? "enough" : null);

        var last = (await Other.AttemptsAsync(claimed.Id)).Skip(1).ToList();
        last.Select(attempt => attempt with { Result = default })
            .ShouldBe(expected.Outcome is { } outcome ? [new Attempt(2, worker, In(-3), Now, outcome, expected.Error)] : []);
        last.ForEach(attempt => Some.Text(attempt.Result).ShouldBe(expected.AttemptResult));

        var entry = (await Other.LogAsync())[^1];
        (entry.Kind, entry.Job, entry.Lease, entry.Worker, entry.At).ShouldBe((expected.Word, claimed.Id, claimed.Lease, worker, Now));
        (await Other.CountsAsync()).ShouldBe(default(StateCounts).With(expected.State, +1));
    }

    private sealed record After(JobState State, string Word, string? Outcome)
    {
        public int Attempt { get; init; } = 2;
        public int Failures { get; init; }
        public bool Alone { get; init; }
        public double? RunsIn { get; init; }
        public JobError? Error { get; init; }
        public string Result { get; init; } = "";
        public string AttemptResult { get; init; } = "";
    }

    private static readonly Dictionary<string, After> Expected = new()
    {
        ["succeed"] = new(JobState.Succeeded, "succeeded", "succeeded") { Result = """{"rows":3}""" },
        ["succeed without a result"] = new(JobState.Succeeded, "succeeded", "succeeded"),
        ["retry later"] = new(JobState.Pending, "retrying", "failed") { Failures = 1, RunsIn = 60, Error = Some.Error },
        ["retry at once"] = new(JobState.Pending, "retrying", "failed") { Failures = 1, RunsIn = 0, Error = Some.Error },
        ["retry alone after a crash"] = new(JobState.Pending, "retrying", "crashed") { Failures = 1, RunsIn = 0, Alone = true, Error = Some.Crash },
        ["retry with what it left behind"] = new(JobState.Pending, "retrying", "failed") { Failures = 1, RunsIn = 60, Error = Some.Error, AttemptResult = "[1]" },
        ["snooze"] = new(JobState.Pending, "snoozed", "snoozed") { RunsIn = 60 },
        ["snooze unstarted"] = new(JobState.Pending, "snoozed", null) { Attempt = 1, RunsIn = 60 },
        ["fail"] = new(JobState.Failed, "failed", "failed") { Failures = 1, Error = Some.Error },
        ["fail by a crash"] = new(JobState.Failed, "failed", "crashed") { Failures = 1, Error = Some.Crash },
        ["fail with what it left behind"] = new(JobState.Failed, "failed", "failed") { Failures = 1, Error = Some.Error, AttemptResult = "[1]", Result = "[1]" },
        ["cancel"] = new(JobState.Cancelled, "cancelled", "cancelled"),
        ["release unstarted"] = new(JobState.Pending, "released", null) { Attempt = 1 },
        ["release started"] = new(JobState.Pending, "released", "released"),
        ["release after a crash"] = new(JobState.Pending, "released", "crashed") { Error = Some.Crash },
        ["release as a suspect"] = new(JobState.Pending, "released", "crashed") { Alone = true, Error = Some.Crash },
    };
}
