using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>What has ended goes when its time is up, in small steps, and the log alike; nothing else goes.</summary>
public abstract class RetentionContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan ForEver = Timeout.InfiniteTimeSpan;
    private static readonly RetentionRule[] Usual =
    [
        new(7 * Day) { State = JobState.Succeeded },
        new(9 * Day) { State = JobState.Cancelled },
        new(30 * Day) { State = JobState.Failed },
    ];

    [Theory]
    [InlineData("succeed", 7)]
    [InlineData("cancel", 9)]
    [InlineData("fail", 30)]
    public async Task A_job_goes_when_the_time_of_its_state_is_up_and_not_a_moment_before(string end, int days)
    {
        var job = await EndedAsync(Some.Job, end);

        Clock.Advance((days * Day) - TimeSpan.FromMilliseconds(1));
        (await PruneAsync(Usual)).Jobs.ShouldBe(0);
        (await Store.JobAsync(job)).Id.ShouldBe(job);

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await PruneAsync(Usual)).Jobs.ShouldBe(1);
        (await Other.FindAllAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task One_whose_unique_key_stays_taken_for_longer_goes_when_that_is_over()
    {
        var keyed = Some.Job with { UniqueKey = "k", UniqueFor = 30 * Day };
        var job = await EndedAsync(keyed, "succeed");
        Clock.Advance((30 * Day) - TimeSpan.FromMinutes(1));

        (await PruneAsync(Usual)).Jobs.ShouldBe(0);
        (await Store.EnqueueOneAsync(keyed)).ShouldBe(new EnqueuedJob(job, Existing: true, JobState.Succeeded));

        Clock.Advance(TimeSpan.FromMinutes(1));
        (await PruneAsync(Usual)).Jobs.ShouldBe(1);
        (await Store.EnqueueOneAsync(keyed)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task One_whose_unique_key_is_taken_as_long_as_it_is_kept_is_kept_no_longer_for_that()
    {
        await EndedAsync(Some.Job with { UniqueKey = "k", UniqueScope = UniqueScope.WhileKept }, "succeed");
        Clock.Advance(7 * Day);

        (await PruneAsync(Usual)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task The_store_says_what_all_its_workers_keep()
    {
        (await Store.RetentionAsync(CancellationToken.None)).ShouldBeNull();
        RetentionRules rules = new([new(Day) { Queue = "größer", Type = "t", State = JobState.Failed }, new(ForEver) { State = JobState.Succeeded }, new(2 * Day)], ForEver);
        Advance(5);
        (await Store.SetRetentionAsync(rules, "shop 1.2", CancellationToken.None)).ShouldBeTrue();

        var retention = (await Other.RetentionAsync(CancellationToken.None))!;
        retention.Rules.Rules.ShouldBe(rules.Rules);
        (retention.Rules.Log, retention.By, retention.Since).ShouldBe((ForEver, "shop 1.2", Now));
        var told = (await Store.LogAsync()).Single();
        (told.Kind, told.At, Some.Text(told.Data)).ShouldBe((LogKinds.RetentionSet, Now,
            """{"rules":[{"keep":86400000,"queue":"gr\u00F6\u00DFer","type":"t","state":"failed"},{"keep":-1,"state":"succeeded"},{"keep":172800000}],"log":-1,"by":"shop 1.2"}"""));
    }

    [Fact]
    public async Task Whoever_sets_another_retention_replaces_it_and_the_same_changes_nothing()
    {
        var rules = new RetentionRules([new(Day)], ForEver);
        await Store.SetRetentionAsync(rules, "one", CancellationToken.None);
        var first = (await Store.RetentionAsync(CancellationToken.None))!.Since;
        Advance(5);
        (await Other.SetRetentionAsync(new RetentionRules([.. rules.Rules], ForEver), "two", CancellationToken.None)).ShouldBeFalse();
        var same = (await Store.RetentionAsync(CancellationToken.None))!;
        (same.By, same.Since).ShouldBe(("one", first));

        (await Other.SetRetentionAsync(rules with { Log = Day }, "two", CancellationToken.None)).ShouldBeTrue();
        var next = (await Store.RetentionAsync(CancellationToken.None))!;
        (next.By, next.Since, next.Rules.Log).ShouldBe(("two", Now, Day));
        (await Store.LogAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_has_not_ended_stays_however_old_it_is()
    {
        await Store.AddAsync(Some.Job, Some.Job with { Delay = 50 * Day }, Some.Job with { ExclusiveKey = "k" }, Some.Job with { ExclusiveKey = "k" });
        await (await Store.StartAsync()).ClaimAsync(1);
        Clock.Advance(100 * Day);

        (await PruneAsync(Usual)).Jobs.ShouldBe(0);
        (await Store.FindAllAsync()).Count.ShouldBe(4);
    }

    [Fact]
    public async Task The_time_counts_from_the_end_and_not_from_the_enqueue()
    {
        var (early, late) = (await Store.AddOneAsync(Some.Job), await Store.AddOneAsync(Some.Job));
        Clock.Advance(20 * Day);
        await EndAsync(late, "succeed");
        await EndAsync(early, "succeed");
        Clock.Advance(7 * Day - TimeSpan.FromMilliseconds(1));

        (await PruneAsync(Usual)).Jobs.ShouldBe(0);
    }

    [Fact]
    public async Task Of_the_rules_that_fit_a_job_the_first_one_counts()
    {
        var kept = await EndedAsync(Some.Job with { Queue = "a", Type = "x" }, "succeed");
        var gone = await EndedAsync(Some.Job with { Queue = "a", Type = "y" }, "succeed");
        var young = await EndedAsync(Some.Job with { Queue = "b", Type = "y" }, "succeed");
        RetentionRule[] rules = [new(ForEver) { Queue = "a", Type = "x", State = JobState.Succeeded }, new(2 * Day) { Queue = "a" }, new(Day) { Type = "x" }, .. Usual];

        Clock.Advance(3 * Day);
        (await PruneAsync(rules)).Jobs.ShouldBe(1);
        (await Store.FindAllAsync()).Select(job => job.Id).ShouldBe([young, kept]);
        gone.ShouldNotBe(kept);

        Clock.Advance(100 * Day);
        (await PruneAsync(rules)).Jobs.ShouldBe(1);
        (await Store.FindAllAsync()).Select(job => job.Id).ShouldBe([kept]);
    }

    [Fact]
    public async Task Jobs_that_no_rule_fits_are_kept()
    {
        await EndedAsync(Some.Job, "succeed");
        await EndedAsync(Some.Job, "fail");
        Clock.Advance(1000 * Day);

        (await PruneAsync([new(Day) { State = JobState.Cancelled }, new(Day) { Type = "other" }])).Jobs.ShouldBe(0);
        (await PruneAsync([new(ForEver)])).Jobs.ShouldBe(0);
        (await PruneAsync([])).Jobs.ShouldBe(0);
        (await Store.FindAllAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Jobs_of_a_queue_with_a_definition_go_only_by_a_rule_that_names_it()
    {
        await Store.DefineQueueAsync("run:tiles", "{}", CancellationToken.None);
        var item = await EndedAsync(Some.Job with { Queue = "run:tiles", UniqueKey = "tile 1", UniqueScope = UniqueScope.WhileKept }, "succeed");
        var other = await EndedAsync(Some.Job with { Queue = "run:others" }, "succeed");
        Clock.Advance(100 * Day);

        (await PruneAsync([new(Day) { Type = Some.Type }, new(Day)])).Jobs.ShouldBe(1);
        (await Store.FindAllAsync()).Select(job => job.Id).ShouldBe([item]);
        (await PruneAsync([new(Day) { Queue = "run:others" }, new(Day)])).Jobs.ShouldBe(0);

        (await PruneAsync([new(Day) { Queue = "run:tiles" }])).Jobs.ShouldBe(1);
        (await Store.FindAllAsync()).ShouldBeEmpty();
        other.ShouldNotBe(item);
    }

    [Fact]
    public async Task A_unique_key_that_was_kept_goes_with_its_job()
    {
        var keyed = Some.Job with { UniqueKey = "k", UniqueScope = UniqueScope.WhileKept };
        var first = await EndedAsync(keyed, "succeed");
        (await Store.EnqueueOneAsync(keyed)).ShouldBe(new EnqueuedJob(first, Existing: true, JobState.Succeeded));
        Clock.Advance(7 * Day);
        await PruneAsync(Usual);

        (await Other.EnqueueOneAsync(keyed)).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task The_attempts_of_a_job_go_with_it_and_are_counted()
    {
        var job = await Store.AddOneAsync(Some.Job);
        var worker = await Store.StartAsync();
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        await worker.SettleAsync(await worker.ClaimOneAsync(), new Transition.Retry(Now, Some.Error));
        await worker.SettleAsync(await worker.ClaimOneAsync(), Some.Success);
        Clock.Advance(7 * Day);

        var pruned = await PruneAsync(Usual);

        (pruned.Jobs, pruned.Attempts).ShouldBe((1, 3));
        (await Store.AttemptsAsync(job)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_job_that_an_unfinished_one_waits_for_stays_until_that_has_ended()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(Some.Job with { After = [parent] });
        await EndAsync(parent, "fail");
        (await Store.RequestAsync(JobRequest.Retry, child)).ShouldBe(RequestAnswer.Done);
        (await Store.JobAsync(child)).State.ShouldBe(JobState.Waiting);
        Clock.Advance(100 * Day);

        (await ExpiredAsync(Usual)).Jobs.ShouldBe(0);
        (await PruneAsync(Usual)).Jobs.ShouldBe(0);

        await Store.RequestAsync(JobRequest.Cancel, child);
        (await PruneAsync(Usual)).Jobs.ShouldBe(1);
        (await Store.FindAllAsync()).ShouldHaveSingleItem().Id.ShouldBe(child);
        (await Store.StandingAsync(child, CancellationToken.None))!.Parents.ShouldBe([new Parent(parent, null, IsDone: false)]);
    }

    [Fact]
    public async Task A_job_that_nobody_waits_for_any_more_goes_and_those_after_it_go_on()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(Some.Job with { After = [parent], Delay = 50 * Day });
        await EndAsync(parent, "succeed");
        Clock.Advance(50 * Day);

        (await PruneAsync(Usual)).Jobs.ShouldBe(1);

        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(child);
        await Should.ThrowAsync<ParentMissingException>(() => Store.AddAsync(Some.Job with { After = [parent] }));
    }

    [Fact]
    public async Task A_job_that_came_after_others_goes_and_the_others_never_know()
    {
        var parent = await Store.AddOneAsync(Some.Job);
        var child = await Store.AddOneAsync(Some.Job with { After = [parent] });
        await Store.RequestAsync(JobRequest.Cancel, child);
        Clock.Advance(9 * Day);
        (await PruneAsync(Usual)).Jobs.ShouldBe(1);

        await EndAsync(parent, "succeed");

        (await Store.FindAllAsync()).ShouldHaveSingleItem().Id.ShouldBe(parent);
    }

    [Fact]
    public async Task A_step_removes_no_more_than_it_may_and_the_next_goes_on_where_it_stopped()
    {
        await EndManyAsync(25);
        Clock.Advance(7 * Day);

        var steps = new List<int>();
        var mark = default(PruneMark);
        Pruned step;
        do
        {
            step = await Store.PruneAsync(new RetentionRules(Usual, ForEver), mark, most: 10, CancellationToken.None);
            steps.Add(step.Jobs);
            mark = step.Reached;
            (await Store.CountsAsync()).Succeeded.ShouldBe(25 - steps.Sum());
        }
        while (!step.IsOver);

        steps.Where(jobs => jobs > 0).ShouldBe([10, 10, 5]);
    }

    [Fact]
    public async Task What_the_walk_has_passed_and_ends_late_is_met_by_the_next_one()
    {
        var late = await Store.AddOneAsync(Some.Job with { Type = "late" });
        await EndManyAsync(3);
        Clock.Advance(7 * Day);
        var rules = new RetentionRules(Usual, ForEver);
        var first = await Store.PruneAsync(rules, default, most: 100, CancellationToken.None);
        first.Jobs.ShouldBe(3);
        await EndAsync(late, "succeed", "late");
        Clock.Advance(7 * Day);

        (await Store.PruneAsync(rules, first.Reached, most: 100, CancellationToken.None)).Jobs.ShouldBe(0);
        (await Store.PruneAsync(rules, default, most: 100, CancellationToken.None)).Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task What_would_go_can_be_counted_and_stays()
    {
        await EndManyAsync(25);
        await EndedAsync(Some.Job, "fail");
        Clock.Advance(30 * Day);
        var before = await Picture.OfAsync(Store);

        var expired = await ExpiredAsync(Usual, log: 30 * Day);
        (await Picture.OfAsync(Store)).ShouldBe(before);

        (expired.Jobs, expired.Attempts, expired.LogEntries).ShouldBe((26, 26, (await Store.LogAsync()).Count));
        (await PruneAsync(Usual, log: 30 * Day)).ShouldBe(expired);
    }

    [Fact]
    public async Task The_log_does_not_tell_of_it_and_the_number_of_a_job_does_not_come_back()
    {
        var last = await EndedAsync(Some.Job, "succeed");
        Clock.Advance(7 * Day);
        var before = (await Store.StatisticsAsync()).LogPosition;
        (await PruneAsync(Usual)).Jobs.ShouldBe(1);

        (await Store.StatisticsAsync()).LogPosition.ShouldBe(before);
        (await Store.AddOneAsync(Some.Job)).Value.ShouldBeGreaterThan(last.Value);
    }

    [Fact]
    public async Task The_log_is_pruned_from_its_oldest_entry_up_to_the_first_that_is_too_young()
    {
        await Store.AddAsync(Some.Jobs(3));
        Clock.Advance(Day);
        await Store.AddAsync(Some.Jobs(2));
        Clock.Advance(29 * Day - TimeSpan.FromMilliseconds(1));
        (await PruneAsync(Usual, log: 30 * Day)).LogEntries.ShouldBe(0);

        Clock.Advance(TimeSpan.FromMilliseconds(1));
        (await PruneAsync(Usual, log: 30 * Day)).LogEntries.ShouldBe(3);

        (await Other.LogAsync()).Select(entry => entry.Position).ShouldBe([4L, 5L]);
        (await Store.FindAllAsync()).Count.ShouldBe(5);
        (await PruneAsync(Usual, log: ForEver)).LogEntries.ShouldBe(0);
    }

    [Fact]
    public async Task Positions_go_on_when_nothing_is_left_of_the_log()
    {
        await Store.AddAsync(Some.Jobs(3));
        Clock.Advance(30 * Day);
        (await PruneAsync(Usual, log: 30 * Day)).LogEntries.ShouldBe(3);
        (await Store.LogAsync()).ShouldBeEmpty();
        (await Other.StatisticsAsync()).LogPosition.ShouldBe(3);
        (await PruneAsync(Usual, log: 30 * Day)).LogEntries.ShouldBe(0);

        await Other.AddAsync(Some.Jobs(2));

        (await Store.LogAsync()).Select(entry => entry.Position).ShouldBe([4L, 5L]);
        (await Store.StatisticsAsync()).LogPosition.ShouldBe(5);
        Clock.Advance(30 * Day);
        (await PruneAsync(Usual, log: 30 * Day)).LogEntries.ShouldBe(2);
        (await Store.StatisticsAsync()).LogPosition.ShouldBe(5);
    }

    [Fact]
    public async Task A_follower_that_comes_too_late_is_told_by_the_first_position_what_it_has_missed()
    {
        await Store.AddAsync(Some.Jobs(4));
        var followed = (await Store.ReadAsync(0, 2, CancellationToken.None))[^1].Position;
        Clock.Advance(30 * Day);
        await Store.AddAsync(Some.Jobs(2));
        await PruneAsync(Usual, log: 30 * Day);

        var next = await Other.ReadAsync(followed, 1, CancellationToken.None);
        (next.Single().Position - followed - 1).ShouldBe(2);
        (await Other.ReadAsync(next[0].Position, 10, CancellationToken.None)).Single().Position.ShouldBe(6);
    }

    [Fact]
    public async Task A_long_log_is_pruned_in_steps_too()
    {
        for (var turn = 0; turn < 20; turn++)
            await Store.AddAsync(Some.Job);
        Clock.Advance(30 * Day);

        var step = await Store.PruneAsync(new RetentionRules([], 30 * Day), default, most: 2, CancellationToken.None);

        (step.LogEntries, step.IsOver).ShouldBe((8, false));
        (await Store.LogAsync())[0].Position.ShouldBe(9);
        step = await Store.PruneAsync(new RetentionRules([], 30 * Day), step.Reached, most: 2, CancellationToken.None);
        (await Store.LogAsync())[0].Position.ShouldBe(17);
    }

    [Fact]
    public async Task Claims_go_on_while_much_is_pruned_and_two_that_prune_at_once_count_nothing_twice()
    {
        await EndManyAsync(300);
        Clock.Advance(7 * Day);
        await Store.AddAsync(Some.Jobs(100));
        var worker = await Store.StartAsync(capacity: 200);

        var pruning = new[] { Store, Other }.Select(view => Task.Run(() => PruneAsync(view, Usual, ForEver, most: 7))).ToArray();
        var claimed = 0;
        for (var turn = 0; turn < 20; turn++)
        {
            var jobs = await worker.ClaimAsync(5);
            claimed += jobs.Count;
            (await worker.ExchangeAsync([.. jobs.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, Now))])).Accepted.ShouldAllBe(accepted => accepted);
        }
        var pruned = await Task.WhenAll(pruning);

        claimed.ShouldBe(100);
        pruned.Sum(each => each.Jobs).ShouldBe(300);
        pruned.Sum(each => each.Attempts).ShouldBe(300);
        (await Store.CountsAsync()).Succeeded.ShouldBe(100);
    }

    private async Task<JobId> EndedAsync(NewJob job, string end)
    {
        var id = await Store.AddOneAsync(job);
        await EndAsync(id, end, job.Type, job.Queue);
        return id;
    }

    private async Task EndAsync(JobId id, string end, string type = Some.Type, string queue = Defaults.Queue)
    {
        var worker = await Store.StartAsync([queue], [type], capacity: 100);
        var claimed = await worker.ClaimAsync(100);
        await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, job.Id == id ? Transitions.ByName[end](Now) : new Transition.Release(Started: false), null))]);
        await worker.EndAsync();
    }

    private async Task EndManyAsync(int count)
    {
        await Store.AddAsync(Some.Jobs(count));
        var worker = await Store.StartAsync(capacity: count);
        var claimed = await worker.ClaimAsync(count);
        await worker.ExchangeAsync([.. claimed.Select(job => new AttemptEnd(job.Id, job.Lease, Some.Success, Now))]);
    }

    private Task<Pruned> PruneAsync(RetentionRule[] rules, TimeSpan? log = null) => PruneAsync(Store, rules, log ?? ForEver, most: 100);

    private static Task<Pruned> PruneAsync(IStore store, RetentionRule[] rules, TimeSpan log, int most) =>
        store.PruneAllAsync(new RetentionRules(rules, log), most);

    private Task<Pruned> ExpiredAsync(RetentionRule[] rules, TimeSpan? log = null) =>
        Store.ExpiredAllAsync(new RetentionRules(rules, log ?? ForEver), most: 100);
}
