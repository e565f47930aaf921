using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shouldly;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Tests.Workers;
using Xunit;

namespace Steadwork.Tests.Hosting;

public sealed class AddSteadworkTests
{
    internal sealed record Note(string Text);

    internal sealed record Length(int Characters);

    internal sealed class Scoped;

    internal sealed class Seen
    {
        public List<string> Steps { get; } = [];

        public HashSet<Scoped> Scopes { get; } = [];
    }

    internal sealed class NoteHandler(Seen seen, Scoped scoped) : IJobHandler<Note, Length>
    {
        public Task<Length> HandleAsync(Note job, JobContext context)
        {
            seen.Scopes.Add(scoped);
            seen.Steps.Add("handler");
            return job.Text == "bad" && context.Attempt == 1 ? throw new InvalidOperationException("bad note") : Task.FromResult(new Length(job.Text.Length));
        }
    }

    internal sealed class Outer(Seen seen) : IJobMiddleware
    {
        public async Task<ReadOnlyMemory<byte>> InvokeAsync(JobContext context, JobStep next)
        {
            seen.Steps.Add("outer in");
            try
            {
                return await next();
            }
            catch (InvalidOperationException)
            {
                seen.Steps.Add("outer saw");
                throw;
            }
        }
    }

    internal sealed class Inner(Seen seen) : IJobMiddleware
    {
        public Task<ReadOnlyMemory<byte>> InvokeAsync(JobContext context, JobStep next)
        {
            seen.Steps.Add("inner in");
            return next();
        }
    }

    [Fact]
    public async Task A_typed_handler_runs_in_a_scope_of_its_own_inside_the_steps_in_their_order()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        builder.Services.AddSteadwork(t => t
            .UseInMemory()
            .AddHandler<Note, Length, NoteHandler>("note", options => options.Retry = new RetrySchedule { Base = TimeSpan.Zero })
            .AddMiddleware<Outer>()
            .AddMiddleware<Inner>()
            .AddWorker(w => w.Concurrency = 1));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var store = host.Services.GetRequiredService<IStore>();
        var ended = new SemaphoreSlim(0);
        using var ends = store.Listen(WakeUp.Ends, _ => ended.Release());

        var id = await host.Services.GetRequiredService<JobQueue>().EnqueueAsync(new Note("bad"), o => o.Priority = 7, TestContext.Current.CancellationToken);
        (await ended.WaitAsync(Workers.Workbench.Patience)).ShouldBeTrue();
        var job = (await store.FindAsync(new JobQuery { Ids = [id] }, TestContext.Current.CancellationToken)).Single();
        await host.StopAsync(TestContext.Current.CancellationToken);

        job.State.ShouldBe(JobState.Succeeded);
        job.Priority.ShouldBe(7);
        System.Text.Encoding.UTF8.GetString(job.Result.Span).ShouldBe("""{"characters":3}""");
        var seen = host.Services.GetRequiredService<Seen>();
        seen.Steps.ShouldBe(["outer in", "inner in", "handler", "outer saw", "outer in", "inner in", "handler"]);
        seen.Scopes.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_payload_that_does_not_fit_its_type_is_a_dead_letter_at_once()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSteadwork(t => t.UseInMemory().AddHandler<Note>("note", (_, _) => Task.CompletedTask).AddWorker());
        using var host = builder.Build();
        var store = host.Services.GetRequiredService<IStore>();
        var ended = new SemaphoreSlim(0);
        using var ends = store.Listen(WakeUp.Ends, _ => ended.Release());
        await host.StartAsync(TestContext.Current.CancellationToken);
        await store.EnqueueAsync([new NewJob { Type = "note", Payload = """{"text":[1]}"""u8.ToArray() }], TestContext.Current.CancellationToken);
        (await ended.WaitAsync(Workers.Workbench.Patience)).ShouldBeTrue();
        var job = (await store.FindAsync(new JobQuery(), TestContext.Current.CancellationToken)).Single();
        await host.StopAsync(TestContext.Current.CancellationToken);
        (job.State, job.Attempt).ShouldBe((JobState.Failed, 1));
        job.LastError!.Message.ShouldContain("cannot be read as Note");
    }

    [Fact]
    public void A_registration_never_replaces_another_silently()
    {
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddJobType<Note>("a").AddJobType<Length>("a"))).Message.ShouldContain("registered twice");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddJobType<Note>("a").AddJobType<Note>("b"))).Message.ShouldContain("belongs to one job type");
        Should.Throw<InvalidOperationException>(() => Build(t => t.UseInMemory().UseInMemory())).Message.ShouldContain("already");
    }

    [Fact]
    public void Nonsense_is_refused_at_start_up()
    {
        Should.Throw<InvalidOperationException>(() => Build(_ => { })).Message.ShouldContain("no store");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.Concurrency = 0))).Message.ShouldContain("from 1 to 10,000");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.Lease = TimeSpan.FromMilliseconds(10)))).Message.ShouldContain("at least 1 s");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.QueueWeights["a"] = 2))).Message.ShouldContain("they go with the queue sharing ByWeight");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => { w.QueuesByWeight(("a", 2)); w.QueueWeights["b"] = 1; }))).Message.ShouldContain("'b' has a weight and is not served");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => { w.ClaimOrder = ClaimOrder.Lifo; w.Ageing = TimeSpan.FromSeconds(1); }))).Message.ShouldContain("by priority alone");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.Ageing = TimeSpan.Zero))).Message.ShouldContain("at least 1 ms");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.ClaimOrder = (ClaimOrder)9))).Message.ShouldContain("no claim order 9");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddWorker(w => w.Tags = ["gpu", "a b"]))).Message.ShouldContain("'a b' is no tag of a worker");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddJobType<Note>("a", type => type.Requires = [""]))).Message.ShouldContain("A tag of a worker is empty");
    }

    [Fact]
    public async Task The_retention_in_the_code_is_that_of_the_store_before_any_worker_begins()
    {
        var store = new InMemoryStore();
        RetentionRules? seen = null;
        var front = StoreFront.Of(store, (method, _, pass) =>
        {
            if (method == nameof(IJobStore.StartWorkerAsync))
                seen = store.RetentionAsync(CancellationToken.None).Result?.Rules;
            return pass();
        });
        async Task RunAsync(Action<SteadworkBuilder> configure)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Services.AddSteadwork(t => configure(t.UseStore(_ => front).SchedulesAre("shop", new Version(1, 2)).AddWorker()));
            using var host = builder.Build();
            await host.StartAsync(TestContext.Current.CancellationToken);
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        await RunAsync(t => t.AddRetention(r => r.Succeeded = TimeSpan.FromDays(1)));
        seen!.Keep("q", "t", JobState.Succeeded, isDefined: false).ShouldBe(TimeSpan.FromDays(1));
        await RunAsync(_ => { });
        (await store.RetentionAsync(TestContext.Current.CancellationToken))!.By.ShouldBe("shop 1.2");
        Should.Throw<ArgumentException>(() => Build(t => t.UseInMemory().AddRetention(r => r.Failed = TimeSpan.Zero))).Message.ShouldContain("at least 1 s");
        Should.Throw<InvalidOperationException>(() => Build(t => t.UseInMemory().AddRetention(_ => { }).AddRetention(_ => { }))).Message.ShouldContain("a store has one");
    }

    [Fact]
    public async Task A_program_that_has_no_schedule_any_more_says_so_by_its_name()
    {
        var store = new InMemoryStore();
        async Task<string[]> RunAsync(Action<SteadworkBuilder> configure)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Services.AddSteadwork(t => configure(t.UseStore(_ => store).AddJobType<Note>("note")));
            using var host = builder.Build();
            await host.StartAsync(TestContext.Current.CancellationToken);
            await host.StopAsync(TestContext.Current.CancellationToken);
            return [.. (await store.SchedulesAsync(null, TestContext.Current.CancellationToken)).Select(schedule => schedule.Name)];
        }

        (await RunAsync(t => t.AddSchedule("nightly", "0 3 * * *", new Note("x")).SchedulesAre("shop", new Version(1, 2)))).ShouldBe(["nightly"]);
        (await RunAsync(_ => { })).ShouldBe(["nightly"], "another role of the program may have none");
        (await RunAsync(t => t.SchedulesAre("shop", new Version(1, 1)))).ShouldBe(["nightly"]);
        (await RunAsync(t => t.SchedulesAre("shop", new Version(1, 2, 0)))).ShouldBeEmpty();
    }

    [Fact]
    public void A_program_is_of_the_version_that_people_set()
    {
        static System.Reflection.Assembly Program(params System.Reflection.Emit.CustomAttributeBuilder[] attributes) =>
            System.Reflection.Emit.AssemblyBuilder.DefineDynamicAssembly(new System.Reflection.AssemblyName("shop") { Version = new Version(2, 0, 0, 0) }, System.Reflection.Emit.AssemblyBuilderAccess.Run, attributes);
        static System.Reflection.Emit.CustomAttributeBuilder Told(string version) =>
            new(typeof(System.Reflection.AssemblyInformationalVersionAttribute).GetConstructor([typeof(string)])!, [version]);

        ProgramSchedules.VersionOf(Program(Told("2.4.1+5f3c"))).ShouldBe(new Version(2, 4, 1));
        ProgramSchedules.VersionOf(Program(Told("2.5.0-rc.1"))).ShouldBe(new Version(2, 5, 0));
        ProgramSchedules.VersionOf(Program(Told("nightly"))).ShouldBe(new Version(2, 0, 0, 0));
        ProgramSchedules.VersionOf(Program()).ShouldBe(new Version(2, 0, 0, 0));
        ProgramSchedules.VersionOf(null).ShouldBe(new Version(0, 0));
    }

    [Fact]
    public async Task A_job_requires_what_it_says_or_else_what_its_type_does()
    {
        var services = new ServiceCollection();
        services.AddSteadwork(t => t.UseInMemory().AddJobType<Note>("note", type => type.Requires = ["gpu"]));
        await using var provider = services.BuildServiceProvider();
        var jobs = provider.GetRequiredService<JobQueue>();
        async Task<IReadOnlyList<string>> RequiresAsync(Action<EnqueueOptions>? configure)
        {
            var id = await jobs.EnqueueAsync(new Note("x"), configure, TestContext.Current.CancellationToken);
            return (await provider.GetRequiredService<IStore>().FindAsync(new JobQuery { Ids = [id] }, TestContext.Current.CancellationToken))[0].Requires;
        }

        (await RequiresAsync(null)).ShouldBe(["gpu"]);
        (await RequiresAsync(options => options.Requires = ["large", "eu"])).ShouldBe(["eu", "large"]);
        (await RequiresAsync(options => options.Requires = [])).ShouldBeEmpty();
        await Should.ThrowAsync<ArgumentException>(() => RequiresAsync(options => options.Requires = ["a,b"]));
    }

    [Fact]
    public async Task A_program_asks_of_one_job_and_of_many()
    {
        var services = new ServiceCollection();
        services.AddSteadwork(t => t.UseInMemory().AddJobType<Note>("note"));
        await using var provider = services.BuildServiceProvider();
        var jobs = provider.GetRequiredService<JobQueue>();
        var ids = await jobs.EnqueueManyAsync(Enumerable.Repeat(new Note("x"), 5), TestContext.Current.CancellationToken);

        (await jobs.RequestAsync(JobRequest.Cancel, ids[0], "test", TestContext.Current.CancellationToken)).ShouldBe(RequestAnswer.Done);
        (await jobs.RequestAsync(JobRequest.Cancel, ids[0], "test", TestContext.Current.CancellationToken)).ShouldBe(RequestAnswer.Refused);
        (await jobs.RequestManyAsync(JobRequest.Cancel, new JobQuery { Type = "note" }, "test", TestContext.Current.CancellationToken)).ShouldBe(new RequestCounts(4, 0, 0));
        (await jobs.RequestManyAsync(JobRequest.Retry, new JobQuery { Ids = [ids[1], ids[2]] }, "test", TestContext.Current.CancellationToken)).ShouldBe(new RequestCounts(2, 0, 0));
        (await jobs.WhyAsync(ids[1], TestContext.Current.CancellationToken)).ShouldNotBeNull();
    }

    private static void Build(Action<SteadworkBuilder> configure) => new ServiceCollection().AddSteadwork(configure);

    [Fact]
    public async Task Several_stores_in_one_program_have_names_and_do_not_meet()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<Seen>();
        builder.Services.AddScoped<Scoped>();
        foreach (var name in new[] { "north", "south" })
        {
            builder.Services.AddSteadwork(name, t => t
                .UseInMemory()
                .AddHandler<Note, Length, NoteHandler>("note")
                .AddWorker());
        }
        using var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);

        var id = await app.Services.GetRequiredKeyedService<JobQueue>("south").EnqueueAsync(new Note("four"), cancellationToken: TestContext.Current.CancellationToken);

        var store = app.Services.GetRequiredKeyedService<IStore>("south");
        using var ended = new SemaphoreSlim(1);
        using var listening = store.Listen(WakeUp.Ends, _ => ended.Release());
        while ((await store.FindAsync(new JobQuery { Ids = [id] }, TestContext.Current.CancellationToken))[0].State is not JobState.Succeeded)
            await ended.WaitAsync(TestContext.Current.CancellationToken);
        (await app.Services.GetRequiredKeyedService<IStore>("north").StatisticsAsync(TestContext.Current.CancellationToken)).Lanes.ShouldBeEmpty();
        app.Services.GetService<JobQueue>().ShouldBeNull();
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_name_is_taken_once()
    {
        var services = new ServiceCollection();
        services.AddSteadwork("north", t => t.UseInMemory());
        Should.Throw<InvalidOperationException>(() => services.AddSteadwork("north", t => t.UseInMemory())).Message.ShouldBe("The store 'north' is registered already.");
    }
}
