using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Testing;
using Steadwork.Workers.Scheduling;
using Xunit;

namespace Steadwork.Tests.Workers;

/// <summary>Schedules, from their definition to the job that a worker runs.</summary>
public sealed class SchedulingTests : IAsyncDisposable
{
    private sealed record Note(string Text);

    private readonly Workbench bench = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task Two_schedulers_over_twenty_years_in_ten_zones_miss_nothing_and_double_nothing()
    {
        string[] zones =
        [
            "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
        ];
        var (start, end) = (new DateTimeOffset(2010, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var clock = new ManualTime();
        clock.SetUtcNow(start);
        await using var store = new InMemoryStore(clock);
        var timings = zones.ToDictionary(zone => zone, zone => new ScheduleTiming.Cron(CronLine.Parse("30 2 * * *"), TimeZoneName.Find(zone)));
        await store.DefineAsync([.. timings.Select(each => Definition(each.Key, each.Value).From(start))], new ScheduleOwner("test", "1", "test"), Stop);
        Ticking[] schedulers = [new(store, NullLogger.Instance), new(store, NullLogger.Instance)];
        var chance = new Random(20);
        while (clock.GetUtcNow() < end)
        {
            var next = (await store.SchedulesAsync(DateTimeOffset.MaxValue, Stop)).Min(schedule => schedule.Next)!.Value;
            clock.SetUtcNow(next.AddMilliseconds(chance.Next(30_000)));
            await Task.WhenAll(schedulers.Select(scheduler => Task.Run(() => scheduler.TickDueAsync(clock.GetUtcNow()), Stop)));
        }

        var jobs = (await store.FindAsync(new JobQuery { Limit = int.MaxValue }, Stop)).ToLookup(job => job.Type);
        foreach (var (zone, timing) in timings)
        {
            var expected = new List<DateTimeOffset>();
            for (var tick = timing.Next(start); tick <= clock.GetUtcNow(); tick = timing.Next(tick!.Value))
                expected.Add(tick.Value);
            jobs[zone].Select(job => job.RunAt).Order().ToList().ShouldBe(expected, zone);
            expected.Count.ShouldBeInRange(7304, 7306);
        }
    }

    [Fact]
    public async Task A_schedule_in_the_code_ticks_once_whichever_of_several_workers_sees_it_first()
    {
        var ran = new SemaphoreSlim(0);
        await using var program = await StartProgramAsync(
            t => t.AddHandler<Note>("note", (_, _) => Task.FromResult(ran.Release())).AddSchedule("nightly", "0 3 * * *", new Note("tidy up"), s => s.Overlap = Overlap.Wait), workers: 3);
        bench.Clock.SetUtcNow(bench.Clock.GetUtcNow().Date.AddHours(27));
        await program.NudgeAsync();

        (await ran.WaitAsync(Workbench.Patience, Stop)).ShouldBeTrue();
        await bench.UntilAsync(async () => (await bench.Store.FindAsync(new JobQuery { Tag = "schedule:nightly" }, Stop)).All(job => job.State is JobState.Succeeded));
        (await bench.Store.FindAsync(new JobQuery { Tag = "schedule:nightly" }, Stop)).Count.ShouldBe(1);
        (await program.Schedules.ListAsync(Stop)).Single().Next.ShouldBe(bench.Clock.GetUtcNow().AddDays(1));
    }

    [Theory]
    [InlineData(MissedTicks.RunOnce, 1)]
    [InlineData(MissedTicks.RunAll, 5)]
    [InlineData(MissedTicks.Skip, 0)]
    public async Task What_was_missed_while_no_worker_ran_is_made_up_for_as_the_schedule_says(MissedTicks missed, int jobs)
    {
        await using (await StartProgramAsync(t => t.AddJobType<Note>("note").AddSchedule("hourly", TimeSpan.FromHours(1), new Note(""), s => s.Missed = missed)))
        {
        }
        bench.Clock.Advance(TimeSpan.FromHours(5.5));

        await new Ticking(bench.Store, NullLogger.Instance).TickDueAsync(bench.Clock.GetUtcNow());

        var made = await bench.Store.FindAsync(new JobQuery(), Stop);
        made.Count.ShouldBe(jobs);
        if (missed is MissedTicks.RunOnce)
            made[0].RunAt.ShouldBe(bench.Clock.GetUtcNow().AddHours(-0.5), "it is that of the latest");
    }

    [Fact]
    public async Task What_would_have_been_during_a_pause_is_not_missed()
    {
        await using var program = await StartProgramAsync(t => t.AddJobType<Note>("note").AddSchedule("hourly", TimeSpan.FromHours(1), new Note("")));
        var schedulers = new Ticking(bench.Store, NullLogger.Instance);
        (await program.Schedules.PauseAsync("hourly", "ann", Stop)).ShouldBe(true);
        (await program.Schedules.PauseAsync("hourly", "ann", Stop)).ShouldBe(false);
        bench.Clock.Advance(TimeSpan.FromHours(5.5));
        await schedulers.TickDueAsync(bench.Clock.GetUtcNow());

        (await program.Schedules.ResumeAsync("hourly", "ann", Stop)).ShouldBe(true);
        await schedulers.TickDueAsync(bench.Clock.GetUtcNow());
        (await bench.Store.FindAsync(new JobQuery(), Stop)).ShouldBeEmpty();

        bench.Clock.Advance(TimeSpan.FromHours(0.5));
        await schedulers.TickDueAsync(bench.Clock.GetUtcNow());
        (await bench.Store.FindAsync(new JobQuery(), Stop)).Count.ShouldBe(1);
        (await program.Schedules.ResumeAsync("hourly", "ann", Stop)).ShouldBe(false);
        (await program.Schedules.ResumeAsync("other", "ann", Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task Out_of_turn_it_ticks_at_once_and_a_skipped_one_names_the_job_that_has_not_ended()
    {
        await using var program = await StartProgramAsync(t => t.AddJobType<Note>("note").AddSchedule("hourly", TimeSpan.FromHours(1), new Note(""), s => s.Overlap = Overlap.Skip));

        var first = (await program.Schedules.TriggerAsync("hourly", "ann", Stop))!.Value;
        var second = (await program.Schedules.TriggerAsync("hourly", "ann", Stop))!.Value;

        first.Existing.ShouldBeFalse();
        second.ShouldBe(first with { Existing = true });
        (await program.Schedules.TriggerAsync("other", "ann", Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task A_schedule_set_by_hand_while_the_program_runs_is_heard_of_at_once()
    {
        var ran = new SemaphoreSlim(0);
        await using var program = await StartProgramAsync(t => t.AddHandler<Note>("note", (_, _) => Task.FromResult(ran.Release())), workers: 1);
        await program.Schedules.SetAsync("minutely", "* * * * *", new Note(""), "ann", cancellationToken: Stop);
        await program.Schedules.SetAsync("minutely", TimeSpan.FromSeconds(90), new Note(""), "bob", cancellationToken: Stop);
        (await program.Schedules.ListAsync(Stop)).Single().Timing.ShouldBe("every 90000");

        bench.Clock.Advance(TimeSpan.FromSeconds(91));
        await program.NudgeAsync();
        (await ran.WaitAsync(Workbench.Patience, Stop)).ShouldBeTrue();
        (await program.Schedules.RemoveAsync("minutely", "ann", Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task One_that_this_program_cannot_read_is_logged_once_and_holds_up_no_other()
    {
        await bench.Store.DefineAsync(
            [Definition("a", new ScheduleTiming.Every(TimeSpan.FromMinutes(1))).From(bench.Clock.GetUtcNow()), Definition("b", new ScheduleTiming.Every(TimeSpan.FromMinutes(1))).From(bench.Clock.GetUtcNow())],
            new ScheduleOwner("newer", "9", "newer"), Stop);
        var front = StoreFront.Of(bench.Store, (method, _, go) => method != nameof(IScheduleStore.SchedulesAsync) ? go() : ((Task<IReadOnlyList<Schedule>>)go()!).ContinueWith(
            task => (IReadOnlyList<Schedule>)[.. task.Result.Select(schedule => schedule.Name == "a" ? schedule with { Timing = "cron Mars/Olympus 0 3 * * *" } : schedule)],
            Stop, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        var ticking = new Ticking(front, bench.Lines);

        for (var turn = 0; turn < 3; turn++)
        {
            bench.Clock.Advance(TimeSpan.FromMinutes(1));
            await ticking.TickDueAsync(bench.Clock.GetUtcNow());
        }

        (await bench.Store.FindAsync(new JobQuery(), Stop)).Select(job => job.Type).ShouldBe(["b", "b", "b"]);
        bench.Lines.All.Count(line => line.Event == 23).ShouldBe(1);
        bench.Lines.All.Single(line => line.Event == 23).Text.ShouldContain("time zone 'Mars/Olympus'");
    }

    [Fact]
    public async Task A_schedule_that_cannot_be_is_refused_before_the_program_starts()
    {
        Should.Throw<FormatException>(() => new ServiceCollection().AddSteadwork(t => t.UseInMemory().AddSchedule("x", "61 * * * *", new Note("")))).Message.ShouldStartWith("'61' is no minute");
        Should.Throw<ArgumentException>(() => new ServiceCollection().AddSteadwork(t => t.UseInMemory().AddSchedule("x", TimeSpan.Zero, new Note("")))).Message.ShouldContain("too short for a schedule");
        foreach (var (configure, sentence) in new (Action<ScheduleOptions>, string)[]
        {
            (s => s.Job.UniqueKey = "k", "The job of a schedule has no unique key of its own; have the schedule skip a tick while the last job has not ended."),
            (s => s.Job.Delay = TimeSpan.FromSeconds(1), "The job of a schedule may run at its tick; leave its delay out."),
            (s => s.Job.After.Add(new JobId(1)), "The job of a schedule cannot come after others."),
            (s => s.Job.Priority = 0, "Priority 0 is out of range; it goes from 1 (first) to 1000."),
        })
        {
            var error = await Should.ThrowAsync<ArgumentException>(async () => await (await StartProgramAsync(t => t.AddJobType<Note>("note").AddSchedule("x", "0 3 * * *", new Note(""), configure))).DisposeAsync());
            error.Message.ShouldBe(sentence);
        }
        (await Should.ThrowAsync<InvalidOperationException>(async () => await (await StartProgramAsync(
            t => t.AddJobType<Note>("note").AddSchedule("x", "0 3 * * *", new Note("")).AddSchedule("x", "0 4 * * *", new Note("")))).DisposeAsync())).Message.ShouldBe("The schedule 'x' is added twice; each needs a name of its own.");
    }

    private static ScheduleDefinition Definition(string name, ScheduleTiming timing) =>
        new() { Name = name, Timing = timing, Job = new NewJob { Type = name, Payload = "{}"u8.ToArray() } };

    private async Task<HostedProgram> StartProgramAsync(Action<SteadworkBuilder> configure, int workers = 0)
    {
        // The store of the bench outlives the program.
        var store = StoreFront.Of(bench.Store, (method, _, go) => method == nameof(IAsyncDisposable.DisposeAsync) ? ValueTask.CompletedTask : go());
        var services = new ServiceCollection().AddSingleton<TimeProvider>(bench.Clock).AddLogging().AddSteadwork(t =>
        {
            configure(t.UseStore(_ => store));
            for (var worker = 0; worker < workers; worker++)
                t.AddWorker();
        }).BuildServiceProvider();
        var program = new HostedProgram(services);
        await program.StartAsync();
        return program;
    }

    private sealed class HostedProgram(ServiceProvider services) : IAsyncDisposable
    {
        public JobSchedules Schedules => services.GetRequiredService<JobSchedules>();

        public async Task StartAsync()
        {
            foreach (var hosted in services.GetServices<IHostedService>())
                await hosted.StartAsync(Stop);
        }

        /// <summary>Has the workers look at the store: a clock that is moved by hand wakes nobody.</summary>
        public async Task NudgeAsync() => await services.GetRequiredService<IStore>().EnqueueAsync([new NewJob { Type = "nudge", Payload = "{}"u8.ToArray() }], Stop);

        public async ValueTask DisposeAsync()
        {
            foreach (var hosted in services.GetServices<IHostedService>().Reverse())
                await hosted.StopAsync(CancellationToken.None);
            await services.DisposeAsync();
        }
    }
}
