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
    private readonly JobCatalog catalog;
    private JsonSerializerOptions? json;

    internal SteadworkBuilder(IServiceCollection services)
    {
        Services = services;
        catalog = new JobCatalog();
        services.AddSingleton(catalog);
        services.AddSingleton(_ => new PayloadJson(json));
        services.AddSingleton<JobQueue>();
        services.TryAddSingleton(TimeProvider.System);
    }

    /// <summary>The services that all this is registered with.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Uses a store.</summary>
    /// <exception cref="InvalidOperationException">One is registered already.</exception>
    public SteadworkBuilder UseStore(Func<IServiceProvider, IStore> open)
    {
        if (Services.Any(service => service.ServiceType == typeof(IStore)))
            throw new InvalidOperationException("A store is registered already; a program has one.");
        Services.AddSingleton(open);
        return this;
    }

    /// <summary>Keeps jobs in the memory of this process: for tests and trials, nothing survives.</summary>
    public SteadworkBuilder UseInMemory() => UseStore(services => new InMemoryStore(services.GetRequiredService<TimeProvider>()));

    /// <summary>Serialises payloads and results by a source-generated context, without reflection.</summary>
    public SteadworkBuilder UseJson(JsonSerializerContext context)
    {
        json = new JsonSerializerOptions(context.Options) { TypeInfoResolver = context, MaxDepth = Defaults.MaxPayloadDepth };
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
            var payload = context.Services.GetRequiredService<PayloadJson>().Read<TJob>(context.Payload);
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
            var json = context.Services.GetRequiredService<PayloadJson>();
            var result = await context.Services.GetRequiredService<THandler>().HandleAsync(json.Read<TJob>(context.Payload), context).ConfigureAwait(false);
            return json.Write(result);
        });
    }

    /// <summary>Registers a job type with a function that runs it.</summary>
    /// <param name="name">The stable name.</param>
    /// <param name="handle">Does the work.</param>
    /// <param name="configure">Its defaults.</param>
    public SteadworkBuilder AddHandler<TJob>(string name, Func<TJob, JobContext, Task> handle, Action<JobTypeOptions>? configure = null) =>
        Add<TJob>(name, configure, async context =>
        {
            await handle(context.Services.GetRequiredService<PayloadJson>().Read<TJob>(context.Payload), context).ConfigureAwait(false);
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
            services.GetRequiredService<IStore>(), catalog, options, services.GetRequiredService<IServiceScopeFactory>(),
            services.GetService<ILoggerFactory>(), services.GetRequiredService<TimeProvider>())));
        return this;
    }

    private SteadworkBuilder Add<TJob>(string name, Action<JobTypeOptions>? configure, JobInvocation? invoke)
    {
        var options = new JobTypeOptions();
        configure?.Invoke(options);
        catalog.Add(new JobType(name, typeof(TJob), options, invoke));
        return this;
    }
}
