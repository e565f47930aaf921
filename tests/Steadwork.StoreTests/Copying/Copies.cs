using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.Copying;
using Steadwork.StoreTests.Fixtures;

namespace Steadwork.StoreTests.Copying;

/// <summary>Does what <c>steadwork copy</c> does, without the waiting.</summary>
internal static class Copies
{
    public static ICopyableStore Copyable(this IStore store) => (ICopyableStore)store;

    public static Task RetireAsync(this IStore store) => store.Copyable().RetireAsync(new Retirement("elsewhere", Copied: false), CancellationToken.None);

    public static Task<UnderWay> SettleDownAsync(this IStore store) => store.Copyable().SettleDownAsync(CancellationToken.None);

    /// <summary>Retires a store in which nothing runs, and copies it. What went in must have come out.</summary>
    public static async Task<IReadOnlyList<CopiedSection>> MakeAsync(IStoreFixture from, IStoreFixture to)
    {
        await from.Store.RetireAsync();
        (await from.Store.SettleDownAsync()).IsNothing.ShouldBeTrue("something still runs");
        await using var reader = await from.Store.Copyable().ReadOutAsync(CancellationToken.None);
        await using var writer = await to.Store.Copyable().FillAsync(CancellationToken.None);
        var copied = await StoreCopy.WriteAsync(reader, writer, progress: null, CancellationToken.None);
        (await StoreCopy.CountAsync(writer, progress: null, CancellationToken.None)).ShouldBe(copied);
        await writer.CommitAsync();
        to.Clock.SetUtcNow(from.Clock.GetUtcNow());
        return copied;
    }

    /// <summary>Brings a breaker to where one of three probes has succeeded.</summary>
    private static async Task BreakAsync(IStoreFixture fixture)
    {
        var smtp = new BreakerDefinition("größer \"smtp\"") { Probes = 3, FailureRatio = 1 / 3.0, MinimumCalls = 1 };
        var http = new BreakerDefinition("http");
        var worker = await fixture.Store.StartAsync(["mail"], ["mail"], breakers: [smtp, http], typeBreakers: [new TypeBreakers("mail", [smtp.Name])]);
        await fixture.Store.AddAsync(Some.Job with { Queue = "mail", Type = "mail" }, Some.Job with { Queue = "mail", Type = "mail" });
        async Task EndAsync(Transition transition, bool failed, bool probe)
        {
            var job = await worker.ClaimOneAsync();
            job.IsProbe.ShouldBe(probe);
            await worker.ExchangeAsync([new AttemptEnd(job.Id, job.Lease, transition, null) { Calls = [new DependencyCall(smtp.Name, failed, probe), new DependencyCall(http.Name, failed, IsProbe: false)] }]);
        }
        await EndAsync(new Transition.Retry(fixture.Clock.GetUtcNow(), Some.Error), failed: true, probe: false);
        fixture.Clock.Advance(smtp.BreakTime);
        await EndAsync(Some.Success, failed: false, probe: true);
        await worker.EndAsync();
    }

    /// <summary>Brings about everything that a store can hold while nothing runs in it, with every column filled, and values at their edges.</summary>
    public static async Task FillAsync(IStoreFixture fixture)
    {
        var store = fixture.Store;
        (await store.PauseAsync(PauseScope.Queue, "mañana", "größer \"by\" name", CancellationToken.None)).ShouldBeTrue();
        (await store.PauseAsync(PauseScope.Type, "other", "somebody", CancellationToken.None)).ShouldBeTrue();
        (await store.SetRetentionAsync(new RetentionRules([new(TimeSpan.FromDays(1)) { Queue = "größer" }], Timeout.InfiniteTimeSpan), "größer \"by\" name", CancellationToken.None)).ShouldBeTrue();
        await store.DefineQueueAsync("run:ü", """{"command":["sh","-c","echo '{}'"]}""", CancellationToken.None);
        var nightly = new ScheduleDefinition { Name = "nächtlich", Timing = new ScheduleTiming.Cron(CronLine.Parse("0 3 * * *"), TimeZoneName.Find("Europe/Berlin")), Job = Some.Job with { Queue = "q" } };
        await store.DefineAsync([new NewSchedule(nightly, fixture.Clock.GetUtcNow(), fixture.Clock.GetUtcNow().AddHours(3))], new ScheduleOwner("shop", "1.2", "shop 1.2"), CancellationToken.None);
        var ticking = (await store.SchedulesAsync(null, CancellationToken.None)).Single();
        await store.TickAsync([new Tick(ticking, [Some.Job with { Queue = "other" }], fixture.Clock.GetUtcNow(), fixture.Clock.GetUtcNow().AddHours(24))], CancellationToken.None);
        await store.DefineAsync([new NewSchedule(nightly with { Name = "ends", Timing = new ScheduleTiming.Every(TimeSpan.FromSeconds(90)) }, fixture.Clock.GetUtcNow(), null)], new ScheduleOwner(null, "0", "ann"), CancellationToken.None);
        (await store.SetLimitAsync(new RateLimit(LimitScope.Queue, "grün", 1_000_000, TimeSpan.FromDays(366)) { Smooth = true }, "größer \"by\" name", CancellationToken.None)).ShouldBeTrue();
        (await store.SetLimitAsync(new RateLimit(LimitScope.Key, "slow*", 1, TimeSpan.FromHours(1)), "somebody", CancellationToken.None)).ShouldBeTrue();
        await store.AddAsync(Some.Job with { ExclusiveKey = "slow one", ExclusiveLimit = 2, Queue = "other" }, Some.Job with { ExclusiveKey = "slow one", ExclusiveLimit = 2, Queue = "other" });
        await BreakAsync(fixture);
        NewJob full = Some.Job with
        {
            Queue = "q",
            Priority = 1000,
            MaxAttempts = 7,
            Timeout = TimeSpan.FromMilliseconds(90_061),
            ExpiresIn = TimeSpan.FromDays(1),
            Tags = ["a", "größer \"<&>'\\ 漢字 😀"],
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Payload = Some.Json("{\"text\":\"\\u0000 ü 😀 \\ud83d\\ude00\", \"n\": 1.0}"),
        };
        NewJob Keyed(string key) => full with { UniqueKey = key, UniqueScope = UniqueScope.WhileKept, ExclusiveKey = $"größer: {key}", ExclusiveLimit = 3 };

        var worker = await store.StartAsync(["q"], capacity: 100);
        async Task EndAsync(JobId id, Transition transition)
        {
            var claimed = await worker.ClaimOneAsync();
            claimed.Id.ShouldBe(id);
            fixture.Clock.Advance(TimeSpan.FromMilliseconds(1501));
            await store.AppendAsync([new NewLogEntry(LogKinds.Progress, id, claimed.Lease, Some.Json("""{"current":1}"""))], CancellationToken.None);
            (await worker.SettleAsync(claimed, transition, fixture.Clock.GetUtcNow().AddMilliseconds(-700))).ShouldBeTrue();
        }
        async Task TryAsync(NewJob job, params Transition[] transitions)
        {
            var id = await store.AddOneAsync(job);
            foreach (var transition in transitions)
                await EndAsync(id, transition);
        }

        var again = new Transition.Retry(fixture.Clock.GetUtcNow(), Some.Error, Alone: false, Some.Json("[1]"));
        await TryAsync(Keyed("done"), again, new Transition.Succeed(Some.Json("""{"rows":3}""")));
        await TryAsync(Keyed("dead"), again, new Transition.Fail(Some.Error, Some.Json("[2]")));
        await TryAsync(Keyed("ended"), again, new Transition.Cancel("enough"));
        await TryAsync(full with { UniqueKey = "free again" }, new Transition.Succeed(default(ReadOnlyMemory<byte>)));
        await TryAsync(full with { UniqueKey = "lent", UniqueFor = TimeSpan.FromHours(1) }, new Transition.Succeed(default(ReadOnlyMemory<byte>)));
        await TryAsync(full with { MaxAttempts = 1 }, new Transition.Fail(Some.Crash));

        // Claimed before the others by its age alone, so that it can be brought to wait for its time, suspected.
        await TryAsync(Keyed("later") with { Priority = 1 }, new Transition.Retry(fixture.Clock.GetUtcNow().AddHours(1), Some.Crash, Alone: true));
        await TryAsync(full with { Priority = 1 }, new Transition.Snooze(fixture.Clock.GetUtcNow().AddSeconds(90)));
        var retried = await store.AddOneAsync(full);
        await EndAsync(retried, new Transition.Fail(Some.Error));
        (await store.RequestAsync(JobRequest.Retry, retried)).ShouldBe(RequestAnswer.Done);

        await store.AddAsync(
            full with { UniqueKey = "taken", UniqueFor = TimeSpan.FromDays(36_500) },
            full with { ExclusiveKey = "busy" },
            full with { ExclusiveKey = "busy" },
            full with { Requires = ["gpu", "región:eu"] },
            Some.Job with { Queue = "q", RunAt = new DateTimeOffset(9999, 12, 31, 23, 59, 59, 998, TimeSpan.Zero) },
            Some.Job with { Queue = "q", RunAt = DateTimeOffset.UnixEpoch.AddMilliseconds(-1) },
            Some.Job with { Payload = Some.Json($"\"{new string('x', 200_000)}\"") });
        var unhappy = await store.AddOneAsync(full with { Delay = TimeSpan.FromHours(1) });
        await store.AddAsync(full with { After = [unhappy] }, full with { After = [unhappy], RunsAnyway = true }, full with { AfterPlaces = [1], RunsAnyway = true, Delay = TimeSpan.FromHours(2) });
        (await store.RequestAsync(JobRequest.Cancel, unhappy)).ShouldBe(RequestAnswer.Done);
        var batch = await store.AddAsync(new NewBatch { Name = "größer", Jobs = [full with { Priority = 1 }, full with { Delay = TimeSpan.FromHours(1) }, full with { Delay = TimeSpan.FromHours(1) }, full with { ExclusiveKey = "busy" }, full with { Delay = TimeSpan.FromHours(1) }], Follower = full });
        await EndAsync(batch.Jobs[0].Id, new Transition.Succeed(default(ReadOnlyMemory<byte>)));
        (await store.RequestAsync(JobRequest.Cancel, batch.Jobs[1].Id)).ShouldBe(RequestAnswer.Done);
        (await store.RequestAsync(JobRequest.Delete, batch.Jobs[2].Id)).ShouldBe(RequestAnswer.Done);
        await TryAsync(full with { Batch = (await store.AddAsync(new NewBatch { IsOpen = true })).Id, Priority = 1 }, new Transition.Fail(Some.Error));
        await store.AddAsync(new NewBatch { Follower = full });
        await store.EnqueueOneAsync(Keyed("dead") with { WhenTaken = WhenTaken.Amend, MaxAttempts = 9 });
        fixture.Hold(await store.AddOneAsync(full with { Type = "waits" }));
        (await store.RequestAsync(JobRequest.Cancel, await store.AddOneAsync(full with { Requires = ["gpu"] }), "not wanted")).ShouldBe(RequestAnswer.Done);
        await store.AppendAsync([new NewLogEntry("noted", null, null, Some.Json("""{"by":"hand"}""")), new NewLogEntry("noted", new JobId(1), null, default)], CancellationToken.None);
        // Numbers that were given, and whose bearer is gone: the last job, the last of its lane, the last worker.
        (await store.RequestAsync(JobRequest.Delete, await store.AddOneAsync(Some.Job with { Type = "gone" }))).ShouldBe(RequestAnswer.Done);
        await worker.EndAsync();
        await (await store.StartAsync(["q"])).EndAsync();
    }
}
