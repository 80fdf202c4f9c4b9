using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PgConductor.Client;
using PgConductor.Hosting.Configuration;
using PgConductor.Orchestration;

namespace PgConductor.Hosting;

/// <summary>Registers PgConductor with a host's services.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Registers the client, and an orchestrator that starts and stops with the host.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Adds tasks and settings; null: client only, everything from configuration.</param>
    /// <returns>The same services.</returns>
    /// <remarks>
    /// Registers <see cref="IConductor"/> and <see cref="Conductor"/> and, unless <see cref="PgConductorBuilder.ClientOnly"/>
    /// was called, <see cref="TaskCollection"/> and <see cref="Orchestrator"/>, all as singletons. May be called more than
    /// once: the calls add up, later settings win. Settings come from the configuration section "PgConductor", then from
    /// code. They are checked when the host starts: every fault is in the one message of a <see cref="ConductorException"/>
    /// with code invalid-argument.
    /// </remarks>
    public static IServiceCollection AddPgConductor(this IServiceCollection services, Action<PgConductorBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var builder = Find(services) ?? Register(services);
        if (configure is null)
        {
            builder.ClientOnly();
        }
        else
        {
            configure(builder);
        }

        return services;
    }

    private static PgConductorBuilder? Find(IServiceCollection services) =>
        services.FirstOrDefault(service => service.ServiceType == typeof(PgConductorBuilder))?.ImplementationInstance as PgConductorBuilder;

    private static PgConductorBuilder Register(IServiceCollection services)
    {
        var builder = new PgConductorBuilder(services);
        services.AddSingleton(builder);
        services.AddSingleton(provider => HostingSettings.Resolve(provider.GetRequiredService<PgConductorBuilder>(), provider));
        services.AddSingleton(provider => new Conductor(provider.GetRequiredService<HostingSettings>().Checked().Conductor));
        services.AddSingleton<IConductor>(provider => provider.GetRequiredService<Conductor>());
        services.AddSingleton(provider => provider.GetRequiredService<PgConductorBuilder>().Tasks);
        services.AddSingleton(CreateOrchestrator);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ConductorHostedService>());
        return builder;
    }

    private static Orchestrator CreateOrchestrator(IServiceProvider provider)
    {
        var settings = provider.GetRequiredService<HostingSettings>().Checked();
        return settings.ClientOnly
            ? throw new InvalidOperationException("This process is a client only (PgConductorBuilder.ClientOnly): it has no orchestrator.")
            : new Orchestrator(
                provider.GetRequiredService<Conductor>(),
                provider.GetRequiredService<TaskCollection>(),
                settings.Orchestrator,
                provider,
                provider.GetService<ILoggerFactory>());
    }
}
