using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
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

    internal bool HasStore => Services.Any(service => service.ServiceType == typeof(IStore) && Equals(service.ServiceKey, name));

    private IStore StoreOf(IServiceProvider services) => name is null ? services.GetRequiredService<IStore>() : services.GetRequiredKeyedService<IStore>(name);

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
