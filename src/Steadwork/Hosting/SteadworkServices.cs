using Microsoft.Extensions.DependencyInjection;

namespace Steadwork;

/// <summary>Adds Steadwork to a program.</summary>
public static class SteadworkServices
{
    /// <summary>Registers the store, the job types and the workers that <paramref name="configure"/> names, and <see cref="JobQueue"/>.</summary>
    /// <exception cref="InvalidOperationException">No store was named.</exception>
    public static IServiceCollection AddSteadwork(this IServiceCollection services, Action<SteadworkBuilder> configure)
    {
        configure(new SteadworkBuilder(services));
        if (!services.Any(service => service.ServiceType == typeof(Storage.IStore)))
            throw new InvalidOperationException("Steadwork has no store; name one, such as UseSqlite(\"app.db\").");
        return services;
    }
}
