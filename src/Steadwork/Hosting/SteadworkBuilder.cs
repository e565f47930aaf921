using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Steadwork.Storage;
using Steadwork.Storage.InMemory;
using Steadwork.Workers;

namespace Steadwork;

/// <summary>Says what a program's Steadwork consists of: a store, handlers, workers.</summary>
public sealed class SteadworkBuilder
{
    private readonly JobCatalog catalog = new();
    private readonly string? name;
    private readonly Lazy<PayloadJson> json;
    private readonly ProgramSchedules schedules = new();
    private bool hasRetention;
    private JsonSerializerOptions? jsonOptions;

    /// <param name="services">Where it registers.</param>
    /// <param name="name">What it is registered under beside others in the same program; null when it is the only one.</param>
    internal SteadworkBuilder(IServiceCollection services, string? name)
    {
        Services = services;
        this.name = name;
        json = new Lazy<PayloadJson>(() => new PayloadJson(jsonOptions));
        Register(_ => catalog);
        Register(_ => json.Value);
        Register(provider => new JobQueue(StoreOf(provider), catalog, json.Value, provider.GetRequiredService<TimeProvider>()));
        Register(provider => new JobSchedules(StoreOf(provider), QueueOf(provider)));
        services.TryAddSingleton(TimeProvider.System);
    }

    /// <summary>The services that all this is registered with.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Uses a store.</summary>
    /// <exception cref="InvalidOperationException">One is registered already.</exception>
    public SteadworkBuilder UseStore(Func<IServiceProvider, IStore> open)
    {
        if (HasStore)
            throw new InvalidOperationException(name is null ? "A store is registered already; further ones need a name." : $"The store '{name}' is registered already.");
        Register(open);
        return this;
    }

    /// <summary>Keeps jobs in the memory of this process: for tests and trials, nothing survives.</summary>
    public SteadworkBuilder UseInMemory() => UseStore(services => new InMemoryStore(services.GetRequiredService<TimeProvider>()));

    /// <summary>Serialises payloads and results by a source-generated context, without reflection.</summary>
    public SteadworkBuilder UseJson(JsonSerializerContext context)
    {
        jsonOptions = new JsonSerializerOptions(context.Options) { TypeInfoResolver = context, MaxDepth = Defaults.MaxPayloadDepth };
        return this;
    }

    /// <summary>Registers a job type that this program enqueues but does not run.</summary>
    /// <param name="name">The stable name.</param>
    /// <param name="configure">Its defaults.</param>
    public SteadworkBuilder AddJobType<TJob>(string name, Action<JobTypeOptions>? configure = null) => Add<TJob>(name, configure, null);

    /// <summary>Registers a job type with the handler that runs it.</summary>
    /// <param name="name">The stable name.</param>
    /// <param name="configure">Its defaults.</param>
    public SteadworkBuilder AddHandler<TJob, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(string name, Action<JobTypeOptions>? configure = null)
        where THandler : class, IJobHandler<TJob>
    {
        Services.TryAddScoped<THandler>();
        return Add<TJob>(name, configure, async context =>
        {
            var payload = json.Value.Read<TJob>(context.Payload);
            await context.Services.GetRequiredService<THandler>().HandleAsync(payload, context).ConfigureAwait(false);
            return default;
        });
    }

    /// <summary>Registers a job type with the handler that runs it and leaves a result.</summary>
    /// <param name="name">The stable name.</param>
    /// <param name="configure">Its defaults.</param>
    public SteadworkBuilder AddHandler<TJob, TResult, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(string name, Action<JobTypeOptions>? configure = null)
        where THandler : class, IJobHandler<TJob, TResult>
    {
        Services.TryAddScoped<THandler>();
        return Add<TJob>(name, configure, async context =>
        {
            var result = await context.Services.GetRequiredService<THandler>().HandleAsync(json.Value.Read<TJob>(context.Payload), context).ConfigureAwait(false);
            return json.Value.Write(result);
        });
    }

    /// <summary>Registers a job type with a function that runs it.</summary>
    /// <param name="name">The stable name.</param>
    /// <param name="handle">Does the work.</param>
    /// <param name="configure">Its defaults.</param>
    public SteadworkBuilder AddHandler<TJob>(string name, Func<TJob, JobContext, Task> handle, Action<JobTypeOptions>? configure = null) =>
        Add<TJob>(name, configure, async context =>
        {
            await handle(json.Value.Read<TJob>(context.Payload), context).ConfigureAwait(false);
            return default;
        });

    /// <summary>Puts a step around every handler; the first registered is the outermost.</summary>
    public SteadworkBuilder AddMiddleware<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TMiddleware>()
        where TMiddleware : class, IJobMiddleware
    {
        Services.AddScoped<IJobMiddleware, TMiddleware>();
        return this;
    }

    /// <summary>Sets a circuit breaker that handlers depend on by name: <see cref="JobTypeOptions.DependsOn"/>. One that is not set has the defaults.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="configure">How it is set.</param>
    /// <exception cref="ArgumentException">It is set already, or out of range.</exception>
    public SteadworkBuilder AddBreaker(string name, Action<BreakerDefinition> configure)
    {
        var breaker = new BreakerDefinition(name);
        configure(breaker);
        catalog.Add(breaker);
        return this;
    }

    /// <summary>Has a job enqueued at the times of a cron line, once for the whole system, whichever and how many workers run.</summary>
    /// <param name="name">The schedule's name.</param>
    /// <param name="cron">The line; see <see cref="CronLine"/>.</param>
    /// <param name="payload">The payload of each tick's job.</param>
    /// <param name="configure">What the schedule says for itself.</param>
    /// <remarks>It is defined when the program starts. What this program has defined before and has no more in its code is removed then, unless a newer version of it has defined it.</remarks>
    /// <exception cref="FormatException">The line is none.</exception>
    public SteadworkBuilder AddSchedule<TJob>(string name, string cron, TJob payload, Action<ScheduleOptions>? configure = null)
    {
        var line = CronLine.Parse(cron);
        return AddSchedule(jobs => JobSchedules.Make(jobs, name, options => new ScheduleTiming.Cron(line, TimeZoneName.Find(options.TimeZone)), payload, configure));
    }

    /// <summary>Has a job enqueued each time an interval has gone by, once for the whole system.</summary>
    /// <inheritdoc cref="AddSchedule{TJob}(string, string, TJob, Action{ScheduleOptions}?)"/>
    /// <param name="name">The schedule's name.</param>
    /// <param name="interval">From one tick to the next: from 1 second to 366 days, in whole milliseconds.</param>
    /// <param name="payload">The payload of each tick's job.</param>
    /// <param name="configure">What the schedule says for itself.</param>
    /// <exception cref="ArgumentException">The interval is out of range.</exception>
    public SteadworkBuilder AddSchedule<TJob>(string name, TimeSpan interval, TJob payload, Action<ScheduleOptions>? configure = null)
    {
        var timing = new ScheduleTiming.Every(interval);
        return AddSchedule(jobs => JobSchedules.Make(jobs, name, _ => timing, payload, configure));
    }

    /// <summary>
    /// Says how long the store keeps jobs that have ended, and its log. It is set in the store when this program starts, and counts for
    /// every worker of it, those of other programs included, until some program sets another. Where none ever has, the defaults count.
    /// </summary>
    /// <param name="configure">What is kept for how long.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    /// <exception cref="InvalidOperationException">It is said already.</exception>
    public SteadworkBuilder AddRetention(Action<RetentionOptions> configure)
    {
        if (hasRetention)
            throw new InvalidOperationException("The retention is added twice; a store has one.");
        hasRetention = true;
        var options = new RetentionOptions();
        configure(options);
        options.Validate();
        Services.AddSingleton<IHostedService>(services => new RetentionHosting(
            StoreOf(services), options.ToRules(), () => schedules.By, (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<RetentionOptions>()));
        return this;
    }

    /// <summary>
    /// Says whose the schedules and the retention in the code are. Default: the name of the program's entry assembly and its version, the
    /// informational one. A program that has no schedule any more says it, too: else nothing removes those that it once had.
    /// </summary>
    /// <param name="program">The program; one that has another name has other schedules. Of two that have other schedules in one store, such as two roles of one executable, each needs its own.</param>
    /// <param name="version">Its version: an older one changes nothing of what a newer one has defined.</param>
    public SteadworkBuilder SchedulesAre(string program, Version version)
    {
        (schedules.Program, schedules.Version) = (program, version);
        return HostSchedules();
    }

    /// <summary>Has this program run jobs, in a worker that starts and stops with its host.</summary>
    /// <param name="configure">How it works.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    public SteadworkBuilder AddWorker(Action<WorkerOptions>? configure = null)
    {
        var options = new WorkerOptions();
        configure?.Invoke(options);
        options.Validate();
        Services.AddSingleton<IHostedService>(services => new WorkerHosting(new WorkerHost(
            StoreOf(services), catalog, options, services.GetRequiredService<IServiceScopeFactory>(),
            services.GetService<ILoggerFactory>(), services.GetRequiredService<TimeProvider>())));
        return this;
    }

    /// <summary>Looks at what can be told only once all is registered.</summary>
    /// <exception cref="ArgumentException">A payload cannot bear the version of its type.</exception>
    internal void Check()
    {
        foreach (var type in catalog.Types.Where(type => type.Options.Version > 1))
        {
            if (type.Payload is { } payload && !json.Value.WritesObjects(payload))
                throw new ArgumentException($"The job type '{type.Name}' is of version {type.Options.Version} and its payload {payload.FullName} is no JSON object; only objects can bear a version.");
        }
    }

    private SteadworkBuilder AddSchedule(Func<JobQueue, ScheduleDefinition> make)
    {
        schedules.All.Add(make);
        return HostSchedules();
    }

    private SteadworkBuilder HostSchedules()
    {
        if (!schedules.AreHosted)
        {
            schedules.AreHosted = true;
            Services.AddSingleton<IHostedService>(services => new ScheduleHosting(
                StoreOf(services), QueueOf(services), schedules, (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<JobSchedules>()));
        }
        return this;
    }

    internal bool HasStore => Services.Any(service => service.ServiceType == typeof(IStore) && Equals(service.ServiceKey, name));

    private IStore StoreOf(IServiceProvider services) => name is null ? services.GetRequiredService<IStore>() : services.GetRequiredKeyedService<IStore>(name);

    private JobQueue QueueOf(IServiceProvider services) => name is null ? services.GetRequiredService<JobQueue>() : services.GetRequiredKeyedService<JobQueue>(name);

    private void Register<T>(Func<IServiceProvider, T> make)
        where T : class
    {
        if (name is null)
            Services.AddSingleton(make);
        else
            Services.AddKeyedSingleton(name, (services, _) => make(services));
    }

    private SteadworkBuilder Add<TJob>(string name, Action<JobTypeOptions>? configure, JobInvocation? invoke)
    {
        var options = new JobTypeOptions();
        configure?.Invoke(options);
        catalog.Add(new JobType(name, typeof(TJob), options, invoke));
        return this;
    }
}
