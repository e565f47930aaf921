using Microsoft.Extensions.DependencyInjection;

namespace Steadwork;

/// <summary>Adds Steadwork to a program.</summary>
public static class SteadworkServices
{
    /// <summary>Registers the store, the job types and the workers that <paramref name="configure"/> names, and <see cref="JobQueue"/>.</summary>
    /// <exception cref="InvalidOperationException">No store was named.</exception>
    public static IServiceCollection AddSteadwork(this IServiceCollection services, Action<SteadworkBuilder> configure)
    {
        Configure(services, null, configure);
        return services;
    }

    /// <summary>
    /// Registers a store beside others in the same program, with job types and workers of its own: queues or tenants that
    /// are split over several databases. Its <see cref="JobQueue"/> is a keyed service of that name.
    /// </summary>
    /// <param name="services">Where to register.</param>
    /// <param name="name">The name.</param>
    /// <param name="configure">Names the store, the job types and the workers.</param>
    /// <exception cref="InvalidOperationException">No store was named, or the name is taken.</exception>
    public static IServiceCollection AddSteadwork(this IServiceCollection services, string name, Action<SteadworkBuilder> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Configure(services, name, configure);
        return services;
    }

    private static void Configure(IServiceCollection services, string? name, Action<SteadworkBuilder> configure)
    {
        var builder = new SteadworkBuilder(services, name);
        configure(builder);
        if (!builder.HasStore)
            throw new InvalidOperationException("Steadwork has no store; name one, such as UseSqlite(\"app.db\").");
        builder.Check();
    }
}
