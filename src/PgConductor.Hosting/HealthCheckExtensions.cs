using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using PgConductor.Client;
using PgConductor.Hosting.Configuration;
using PgConductor.Hosting.Health;
using PgConductor.Orchestration;

namespace PgConductor.Hosting;

/// <summary>Adds PgConductor to a host's health checks.</summary>
public static class HealthCheckExtensions
{
    /// <summary>Checks that the database answers with a schema that fits, that this process's heartbeat arrives, and that queues do not lag.</summary>
    /// <param name="builder">The host's health checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="failureStatus">Reported instead of Unhealthy; null: Unhealthy.</param>
    /// <param name="tags">For filters such as "ready".</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Unhealthy: the database cannot be reached, the schema is missing or too old, the orchestrator has not started, was
    /// taken over, or has been silent for its takeover time. Degraded: it is stopping, its heartbeat is late, or a queue
    /// lags. Needs <see cref="ServiceCollectionExtensions.AddPgConductor"/>. A check is one connection and a few index probes.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static IHealthChecksBuilder AddPgConductor(this IHealthChecksBuilder builder, string name = "pgconductor", PgConductorHealthOptions? options = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        options ??= new PgConductorHealthOptions();
        if (options.MaxLag <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxLag, "MaxLag must be more than zero, or null.");
        }

        if (options.Timeout < TimeSpan.FromMilliseconds(100) || options.Timeout > TimeSpan.FromMinutes(5))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Timeout, "Timeout must be 100 ms to 5 min.");
        }

        return builder.Add(new HealthCheckRegistration(name, provider => Create(provider, options), failureStatus, tags));
    }

    private static PgConductorHealthCheck Create(IServiceProvider provider, PgConductorHealthOptions options)
    {
        var settings = provider.GetRequiredService<HostingSettings>().Checked();
        var orchestrator = settings.ClientOnly ? null : provider.GetRequiredService<Orchestrator>();
        return new PgConductorHealthCheck(provider.GetRequiredService<IConductor>(), orchestrator, settings.Orchestrator, options);
    }
}
