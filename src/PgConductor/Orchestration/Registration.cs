using System.Reflection;
using Microsoft.Extensions.Logging;
using PgConductor.Database;
using PgConductor.Schema;
using PgConductor.Workers;

namespace PgConductor.Orchestration;

/// <summary>How a process makes itself and what it serves known, and takes its leave.</summary>
internal sealed class Registration(Guid id, OrchestratorOptions options, TaskCollection tasks, IDatabaseClient database, IReadOnlyList<Worker> workers, ILogger logger)
{
    private static readonly TimeSpan _leaveTimeout = TimeSpan.FromSeconds(5);

    private volatile bool _begun;

    public string Name { get; } = options.Name ?? $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>Installs the schema, or checks that it is there. Returns its version.</summary>
    public async Task<int> EnsureSchemaAsync(CancellationToken cancellationToken)
    {
        if (options.Migrate)
        {
            return await database.MigrateAsync(cancellationToken).ConfigureAwait(false);
        }

        var version = await database.GetSchemaVersionAsync(cancellationToken).ConfigureAwait(false);
        return version >= MigrationStore.Embedded.LatestVersion
            ? version
            : throw new ConductorException(ConductorErrorCode.Schema, $"The database is at schema version {version}; this library needs {MigrationStore.Embedded.LatestVersion}. Run `pgconductor migrate`, or set OrchestratorOptions.Migrate.");
    }

    /// <summary>Makes the process and what it serves known; also anew, after it was taken over.</summary>
    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        _begun = true;
        await database.RegisterOrchestratorAsync(id, Name, Version(), MigrationStore.Embedded.LatestVersion, cancellationToken).ConfigureAwait(false);
        // What the process says for all of its tasks, where they do not say it themselves.
        TaskDefinition[] definitions = [.. tasks.Definitions.Select(task =>
            options.Logs.Keep is { } keep && task.Options.KeepLogs is null ? task.With(task.Options with { KeepLogs = keep }) : task)];
        foreach (var queue in workers.Select(worker => worker.Queue).Union(definitions.Select(task => task.Options.Queue), StringComparer.Ordinal))
        {
            // The queues of all tasks exist before a task that names one of them is registered, served here or not.
            await database.CreateQueueAsync(queue, partitioned: false, cancellationToken).ConfigureAwait(false);
        }

        foreach (var worker in workers)
        {
            await database.RegisterWorkerAsync(id, worker.Queue, definitions, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the service's subscriptions to events what this version declares. Not after a takeover: it may be the older version.</summary>
    public async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        if (options.Service is { } service)
        {
            var report = await database.RegisterSubscriptionsAsync(service, tasks.Subscriptions, cancellationToken).ConfigureAwait(false);
            if (report != default)
            {
                OrchestratorLog.Subscribed(logger, service, tasks.Subscriptions.Count, report.Created, report.Changed, report.Removed);
            }
        }
    }

    /// <summary>Takes leave; returns soon, whatever the database does: the takeover time settles the rest.</summary>
    public async Task LeaveAsync(bool isHealthy)
    {
        if (!_begun)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(_leaveTimeout);
            if (isHealthy)
            {
                // What a claim brought whose answer never arrived goes back now; nobody here will run it.
                long[] known = [.. workers.SelectMany(worker => worker.KnownLeases)];
                await Task.Run(() => database.HeartbeatAsync(new HeartbeatRequest(id, options.Takeover, [], Draining: true, known, TimeSpan.Zero), limit.Token), CancellationToken.None).ConfigureAwait(false);
            }

            var left = await database.ShutdownAsync(id, limit.Token).ConfigureAwait(false);
            if (left > 0)
            {
                OrchestratorLog.StoppedWithLeases(logger, id, left);
            }
            else
            {
                OrchestratorLog.Stopped(logger, id);
            }
        }
        catch (Exception exception)
        {
            // The database is away: the takeover time settles what is left there.
            OrchestratorLog.HeartbeatFailed(logger, TimeSpan.Zero, options.Takeover, exception);
        }
    }

    private static string Version() =>
        typeof(Orchestrator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
