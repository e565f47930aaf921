using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Steadwork.Storage;
using Steadwork.StoreTests.Fixtures;
using Steadwork.Workers.Scheduling;
using Xunit;

namespace Steadwork.StoreTests.Contract;

/// <summary>Schedules are kept with their next tick; a tick counts once, whoever and however many carry it out.</summary>
public abstract class ScheduleContract<TFixture> : StoreContract<TFixture>
    where TFixture : IStoreFixture, new()
{
    private static readonly ScheduleOwner Ann = new(null, "0", "ann");
    private static readonly ScheduleDefinition Nightly = new() { Name = "nightly", Timing = Cron("0 3 * * *"), Job = Some.Job };

    [Fact]
    public async Task What_is_defined_is_read_as_it_was_defined()
    {
        var full = new ScheduleDefinition
        {
            Name = "größer: \"full\"",
            Timing = new ScheduleTiming.Cron(CronLine.Parse("*/5 9-17 * * MON-FRI"), TimeZoneName.Find("Europe/Berlin")),
            Overlap = Overlap.Wait,
            CatchUp = new CatchUpRule { Missed = MissedTicks.RunAll, Grace = TimeSpan.FromSeconds(5), Most = 7 },
            Job = Some.Job with
            {
                Queue = "q", Priority = 7, MaxAttempts = 9, Timeout = TimeSpan.FromSeconds(3), ExclusiveKey = "env", ExpiresIn = TimeSpan.FromSeconds(9), Tags = ["a", "b"], Requires = ["gpu"], Payload = Some.Json("{\"n\": 1.0, \"ü\":\"\\u0000\"}"),
            },
        };
        (await DefineAsync(full, In(60))).ShouldBe(Defined.Done);
        (await DefineAsync(Every("poll", 300), In(300))).ShouldBe(Defined.Done);

        var both = await Other.SchedulesAsync(null, CancellationToken.None);
        both.Select(schedule => schedule.Name).ShouldBe([full.Name, "poll"]);
        var (read, poll) = (both[0], both[1]);
        (read.Program, read.By, read.Revision, read.Anchor, read.Next, read.LastTick, read.LastJob).ShouldBe((null, "ann", 1, Now, In(60), null, null));
        var definition = read.Read();
        (definition.Name, definition.Timing.ToString(), definition.Overlap, definition.CatchUp).ShouldBe((full.Name, full.Timing.ToString(), full.Overlap, full.CatchUp));
        (definition.Job with { Tags = [], Requires = [], Payload = default }).ShouldBe(full.Job with { Tags = [], Requires = [], Payload = default });
        definition.Job.Requires.ShouldBe(["gpu"]);
        definition.Job.Tags.ShouldBe(["a", "b"]);
        Some.Text(definition.Job.Payload).ShouldBe("{\"n\": 1.0, \"ü\":\"\\u0000\"}");
        poll.Read().Timing.ShouldBe(new ScheduleTiming.Every(TimeSpan.FromSeconds(300)));
        (await Store.LogAsync()).Select(entry => (entry.Kind, Some.Text(entry.Data))).Last().ShouldBe((LogKinds.ScheduleDefined, $$"""{"schedule":"poll","by":"ann","timing":"every 300000","settings":{{poll.Settings}}}"""));
    }

    [Fact]
    public async Task A_tick_stores_its_jobs_and_what_comes_next()
    {
        await DefineAsync(Nightly, In(60));
        Advance(61);
        var due = (await Store.SchedulesAsync(Now, CancellationToken.None)).ShouldHaveSingleItem();

        var ticked = (await Store.TickAsync([new Tick(due, due.Read().JobsOf([In(-1)]), In(-1), In(86_399))], CancellationToken.None)).ShouldHaveSingleItem();

        ticked.Accepted.ShouldBeTrue();
        var job = await Other.JobAsync(ticked.Jobs.Single().Id);
        (job.State, job.RunAt, job.Tags.Single()).ShouldBe((JobState.Pending, In(-1), "schedule:nightly"));
        var after = (await Other.SchedulesAsync(null, CancellationToken.None)).Single();
        (after.Next, after.LastTick, after.LastJob).ShouldBe((In(86_399), In(-1), job.Id));
        (await Other.SchedulesAsync(Now, CancellationToken.None)).ShouldBeEmpty();
        (await (await Store.StartAsync()).ClaimOneAsync()).Id.ShouldBe(job.Id);
    }

    [Fact]
    public async Task A_tick_counts_once_however_many_carry_it_out()
    {
        await DefineAsync(Every("poll", 1), In(1));
        for (var turn = 0; turn < 20; turn++)
        {
            Advance(1);
            var tick = await TickOfAsync("poll");

            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(which => (which % 2 == 0 ? Store : Other).TickAsync([tick], CancellationToken.None)));

            answers.Count(answer => answer[0].Accepted).ShouldBe(1);
        }
        (await Store.FindAllAsync()).Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_tick_that_was_decided_on_before_a_new_definition_is_not_carried_out()
    {
        await DefineAsync(Every("poll", 60), In(60));
        Advance(60);
        var tick = await TickOfAsync("poll");
        await DefineAsync(Every("poll", 60) with { Job = Some.Job with { Priority = 5 } }, Now, Ann with { Replace = true });

        (await Other.TickAsync([tick], CancellationToken.None)).ShouldBe([Ticked.TooLate]);

        (await Store.FindAllAsync()).ShouldBeEmpty();
        (await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None))[0].Accepted.ShouldBeTrue();
        (await Store.FindAllAsync()).Single().Priority.ShouldBe(5);
    }

    [Fact]
    public async Task A_tick_of_one_that_is_removed_is_not_carried_out_and_its_jobs_stay()
    {
        await DefineAsync(Every("poll", 60), In(60));
        Advance(60);
        await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None);
        Advance(60);
        var tick = await TickOfAsync("poll");

        (await Other.RemoveScheduleAsync("poll", "ann", CancellationToken.None)).ShouldBeTrue();
        (await Other.RemoveScheduleAsync("poll", "ann", CancellationToken.None)).ShouldBeFalse();

        (await Store.TickAsync([tick], CancellationToken.None)).ShouldBe([Ticked.TooLate]);
        (await Store.FindAllAsync()).Count.ShouldBe(1);
        (await Store.LogAsync())[^1].Kind.ShouldBe(LogKinds.ScheduleRemoved);
    }

    [Fact]
    public async Task Skipped_while_the_last_job_has_not_ended()
    {
        await DefineAsync(Every("poll", 60) with { Overlap = Overlap.Skip }, In(60));
        Advance(60);
        var first = (await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None))[0].Jobs.Single();
        var worker = await Store.StartAsync();
        var running = await worker.ClaimOneAsync();
        Advance(60);

        var second = (await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None))[0];
        (second.Accepted, second.Jobs.Single()).ShouldBe((true, new EnqueuedJob(first.Id, Existing: true, JobState.Running)));
        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().LastJob.ShouldBe(first.Id);

        await worker.SettleAsync(running, new Transition.Fail(Some.Error));
        Advance(60);
        (await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None))[0].Jobs.Single().Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task Waiting_while_the_last_job_has_not_ended()
    {
        await DefineAsync(Every("poll", 60) with { Overlap = Overlap.Wait }, In(60));
        var worker = await Store.StartAsync();
        for (var turn = 0; turn < 3; turn++)
        {
            Advance(60);
            (await Store.TickAsync([await TickOfAsync("poll")], CancellationToken.None))[0].Accepted.ShouldBeTrue();
        }

        (await Store.CountsAsync()).ShouldBe(new StateCounts(Pending: 1, Waiting: 2, 0, 0, 0, 0));
        await worker.SettleAsync((await worker.ClaimAsync()).ShouldHaveSingleItem(), Some.Success);
        (await worker.ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Out_of_turn_the_next_tick_stays_and_the_log_says_who_asked()
    {
        await DefineAsync(Nightly, In(60));
        var schedule = (await Store.SchedulesAsync(null, CancellationToken.None)).Single();

        var ticked = (await Other.TickAsync([new Tick(schedule, [schedule.Read().JobOf()], At: null, schedule.Next, "bob")], CancellationToken.None)).Single();

        ticked.Jobs.Single().State.ShouldBe(JobState.Pending);
        var after = (await Store.SchedulesAsync(null, CancellationToken.None)).Single();
        (after.Next, after.LastTick, after.LastJob).ShouldBe((In(60), null, ticked.Jobs[0].Id));
        (await Store.LogAsync()).Select(entry => (entry.Kind, Some.Text(entry.Data))).ShouldContain((LogKinds.Triggered, """{"schedule":"nightly","by":"bob"}"""));
    }

    [Fact]
    public async Task A_worker_hears_of_the_next_tick_and_not_of_one_that_is_paused()
    {
        var worker = await Store.StartAsync();
        (await worker.ExchangeAsync([])).NextTick.ShouldBeNull();
        await DefineAsync(Nightly, In(60));
        await DefineAsync(Every("poll", 30), In(30));
        (await worker.ExchangeAsync([])).NextTick.ShouldBe(In(30));

        (await Other.PauseAsync(PauseScope.Schedule, "poll", "ann", CancellationToken.None)).ShouldBeTrue();

        (await worker.ExchangeAsync([])).NextTick.ShouldBe(In(60));
        (await Store.SchedulesAsync(In(100), CancellationToken.None)).Select(schedule => schedule.Name).ShouldBe(["nightly"]);
        await Other.ResumeAsync(PauseScope.Schedule, "poll", "ann", CancellationToken.None);
        (await worker.ExchangeAsync([])).NextTick.ShouldBe(In(30));
    }

    [Fact]
    public async Task The_pause_of_one_goes_with_it()
    {
        await DefineAsync(Nightly, In(60));
        await Store.PauseAsync(PauseScope.Schedule, "nightly", "ann", CancellationToken.None);
        await Store.RemoveScheduleAsync("nightly", "ann", CancellationToken.None);
        await DefineAsync(Nightly, In(60));

        (await Store.StatisticsAsync()).Pauses.ShouldBeEmpty();
        (await Store.SchedulesAsync(In(60), CancellationToken.None)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_program_defines_all_that_it_has_and_drops_what_it_has_no_more()
    {
        await Store.DefineAsync([new(Nightly, Now, In(60)), new(Every("poll", 60), Now, In(60))], Shop("1.0"), CancellationToken.None);
        await DefineAsync(Every("by-hand", 60), In(60));

        (await Other.DefineAsync([new(Nightly, Now, In(90)), new(Every("new", 60), Now, In(60))], Shop("1.1"), CancellationToken.None)).ShouldBe([Defined.Done, Defined.Done]);

        var left = await Store.SchedulesAsync(null, CancellationToken.None);
        left.Select(schedule => schedule.Name).ShouldBe(["by-hand", "new", "nightly"]);
        (left[2].Version, left[2].Next, left[2].Revision).ShouldBe(("1.1", In(60), 2), "the timing is the same: so is the next tick");
    }

    /// <summary>An old version of a program that is started again, or still runs, must not undo what a newer one has said.</summary>
    [Fact]
    public async Task Starting_an_old_version_of_a_program_wipes_nothing_of_a_newer_one()
    {
        await Store.DefineAsync([new(Nightly, Now, In(60)), new(Every("new", 60), Now, In(60))], Shop("1.10"), CancellationToken.None);

        (await Other.DefineAsync([new(Nightly with { Timing = Cron("0 4 * * *") }, Now, In(70))], Shop("1.9"), CancellationToken.None)).ShouldBe([Defined.KeptNewer]);
        (await Other.DefineAsync([new(Nightly, Now, In(70))], Shop("1.9.9.9"), CancellationToken.None)).ShouldBe([Defined.KeptNewer]);

        var left = await Store.SchedulesAsync(null, CancellationToken.None);
        left.Select(schedule => (schedule.Name, schedule.Timing, schedule.Version)).ShouldBe([("new", "every 60000", "1.10"), ("nightly", "cron UTC 0 3 * * *", "1.10")]);
    }

    [Fact]
    public async Task What_people_have_defined_by_hand_no_program_undoes()
    {
        await Store.DefineAsync([new(Nightly, Now, In(60))], Shop("1.0"), CancellationToken.None);
        (await DefineAsync(Nightly with { Timing = Cron("0 5 * * *") }, In(70))).ShouldBe(Defined.KeptOther);
        (await DefineAsync(Nightly with { Timing = Cron("0 5 * * *") }, In(70), Ann with { Replace = true })).ShouldBe(Defined.Done);

        (await Other.DefineAsync([new(Nightly, Now, In(60))], Shop("2.0"), CancellationToken.None)).ShouldBe([Defined.KeptOther]);
        (await Store.DefineAsync([new(Nightly, Now, In(60))], new ScheduleOwner("other", "9", "other"), CancellationToken.None)).ShouldBe([Defined.KeptOther]);

        var left = (await Store.SchedulesAsync(null, CancellationToken.None)).Single();
        (left.Program, left.By, left.Timing, left.Next).ShouldBe((null, "ann", "cron UTC 0 5 * * *", In(70)));
    }

    [Fact]
    public async Task The_same_again_changes_nothing_and_is_not_logged()
    {
        await Store.DefineAsync([new(Nightly, Now, In(60))], Shop("1.0"), CancellationToken.None);
        var before = (await Store.LogAsync()).Count;

        (await Other.DefineAsync([new(Nightly, Now, In(90))], Shop("1.0"), CancellationToken.None)).ShouldBe([Defined.Unchanged]);

        (await Store.LogAsync()).Count.ShouldBe(before);
        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().Next.ShouldBe(In(60));
    }

    [Fact]
    public async Task Several_ticks_at_once_are_answered_in_their_order()
    {
        await DefineAsync(Every("b", 60), In(60));
        await DefineAsync(Every("a", 60) with { Job = Some.Job with { Type = "other" } }, In(60));
        Advance(60);
        var (b, a) = (await TickOfAsync("b"), await TickOfAsync("a"));
        await Store.TickAsync([a], CancellationToken.None);

        var answers = await Other.TickAsync([b, a], CancellationToken.None);

        answers.Select(answer => answer.Accepted).ShouldBe([true, false]);
        (await Store.JobAsync(answers[0].Jobs.Single().Id)).Type.ShouldBe(Some.Type);
    }

    [Fact]
    public async Task One_that_never_ticks_again_is_not_due()
    {
        await DefineAsync(Nightly, In(60));
        Advance(60);
        var schedule = (await Store.SchedulesAsync(Now, CancellationToken.None)).Single();
        await Store.TickAsync([new Tick(schedule, [], null, Next: null)], CancellationToken.None);

        (await Store.SchedulesAsync(In(1_000_000), CancellationToken.None)).ShouldBeEmpty();
        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().Next.ShouldBeNull();
    }

    [Theory]
    [InlineData(MissedTicks.RunOnce, 1)]
    [InlineData(MissedTicks.RunAll, 5)]
    [InlineData(MissedTicks.Skip, 0)]
    public async Task What_was_missed_is_made_up_for_once_as_the_schedule_says(MissedTicks missed, int jobs)
    {
        await DefineAsync(Every("poll", 3600) with { CatchUp = new CatchUpRule { Missed = missed } }, In(3600));
        var start = Now;
        Advance(5.5 * 3600);

        await new Ticking(Store, NullLogger.Instance).TickDueAsync(Now);
        await new Ticking(Other, NullLogger.Instance).TickDueAsync(Now);

        (await Store.FindAllAsync()).Select(job => job.RunAt).ShouldBe(Enumerable.Range(1, 5).Select(hour => start.AddHours(hour)).Reverse().Take(jobs));
        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().Next.ShouldBe(start.AddHours(6));
    }

    [Fact]
    public async Task What_would_have_been_during_a_pause_is_not_missed()
    {
        await DefineAsync(Every("poll", 3600), In(3600));
        var start = Now;
        (await Store.PauseScheduleAsync("poll", "ann", CancellationToken.None)).ShouldBe(true);
        Advance(5.5 * 3600);
        (await Other.ResumeScheduleAsync("poll", "ann", CancellationToken.None)).ShouldBe(true);

        await new Ticking(Store, NullLogger.Instance).TickDueAsync(Now);

        (await Store.FindAllAsync()).ShouldBeEmpty();
        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().Next.ShouldBe(start.AddHours(6));
    }

    [Theory]
    [InlineData(5.5, 6)]
    [InlineData(-5.5, 1)]
    public async Task A_pause_ends_by_the_clock_of_the_store_although_somebody_has_set_that(double hours, int next)
    {
        await DefineAsync(Every("poll", 3600), In(3600));
        var start = Now;
        await Store.PauseScheduleAsync("poll", "ann", CancellationToken.None);
        Clock.SetUtcNow(start.AddHours(hours));

        (await Store.ResumeScheduleAsync("poll", "ann", CancellationToken.None)).ShouldBe(true);

        (await Store.SchedulesAsync(null, CancellationToken.None)).Single().Next.ShouldBe(start.AddHours(next));
    }

    private static ScheduleOwner Shop(string version) => new("shop", version, "shop " + version);

    private static ScheduleTiming.Cron Cron(string line) => new(CronLine.Parse(line), TimeZoneInfo.Utc);

    private static ScheduleDefinition Every(string name, int seconds) => new() { Name = name, Timing = new ScheduleTiming.Every(TimeSpan.FromSeconds(seconds)), Job = Some.Job };

    private async Task<Defined> DefineAsync(ScheduleDefinition definition, DateTimeOffset next, ScheduleOwner? owner = null) =>
        (await Store.DefineAsync([new NewSchedule(definition, Now, next)], owner ?? Ann, CancellationToken.None)).Single();

    /// <summary>The tick of a schedule that is due, as whoever looks at it decides on.</summary>
    private async Task<Tick> TickOfAsync(string name)
    {
        var schedule = (await Store.SchedulesAsync(Now, CancellationToken.None)).Single(schedule => schedule.Name == name);
        var definition = schedule.Read();
        var due = definition.CatchUp.Due(definition.Timing, schedule.Next!.Value, schedule.Anchor, Now);
        return new Tick(schedule, definition.JobsOf(due.Run), due.Run.Count == 0 ? null : due.Run[^1], due.Next);
    }
}
