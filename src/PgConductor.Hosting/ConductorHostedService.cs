using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PgConductor.Hosting.Configuration;
using PgConductor.Orchestration;

namespace PgConductor.Hosting;

/// <summary>Starts the orchestrator with the host and stops it with the host; stops the host when the database asks this process to.</summary>
internal sealed class ConductorHostedService(IServiceProvider services) : IHostedLifecycleService
{
    private readonly ILogger _logger = services.GetService<ILoggerFactory>()?.CreateLogger<ConductorHostedService>() ?? NullLogger<ConductorHostedService>.Instance;
    private Orchestrator? _orchestrator;

    /// <summary>Before any service of the host starts: faulty settings stop the start here.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        services.GetRequiredService<HostingSettings>().Checked();
        return Task.CompletedTask;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Here too for hosts that do not call StartingAsync.
        var settings = services.GetRequiredService<HostingSettings>().Checked();
        if (settings.ClientOnly)
        {
            HostingLog.ClientOnly(_logger, settings.Conductor.ApplicationName);
            return;
        }

        _orchestrator = services.GetRequiredService<Orchestrator>();
        await _orchestrator.StartAsync(cancellationToken).ConfigureAwait(false);
        _ = StopHostWhenAskedAsync(_orchestrator);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The token is the host's ShutdownTimeout: when it ends, handlers are cancelled instead of waited for.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_orchestrator is null)
        {
            return;
        }

        var registration = cancellationToken.Register(() => HostingLog.ShutdownTimeout(_logger, _orchestrator.Id));
        await using (registration.ConfigureAwait(false))
        {
            await _orchestrator.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task StopHostWhenAskedAsync(Orchestrator orchestrator)
    {
        var reason = await orchestrator.StopRequested.ConfigureAwait(false);
        if (orchestrator.Status.Phase != OrchestratorPhase.Running)
        {
            // It is stopping already: with the host.
            return;
        }

        HostingLog.StopRequested(_logger, orchestrator.Id, reason);
        services.GetService<IHostApplicationLifetime>()?.StopApplication();
    }
}
