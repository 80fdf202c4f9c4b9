using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using PgConductor.Client;
using PgConductor.Orchestration;

namespace PgConductor.Hosting.Health;

/// <summary>Asks the database and the orchestrator how they are; see <see cref="HealthCheckExtensions.AddPgConductor"/>.</summary>
internal sealed class PgConductorHealthCheck(IConductor conductor, Orchestrator? orchestrator, OrchestratorOptions settings, PgConductorHealthOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var findings = new HealthFindings();
        if (orchestrator is not null)
        {
            HeartbeatJudge.Judge(orchestrator.Status, settings, findings);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        try
        {
            await AskDatabaseAsync(findings, limit.Token).ConfigureAwait(false);
        }
        catch (ConductorException exception)
        {
            findings.Failed($"the database cannot be asked: {exception.Message}", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            findings.Failed($"the database did not answer within {options.Timeout}", exception);
        }

        return findings.ToResult(context.Registration.FailureStatus);
    }

    private async Task AskDatabaseAsync(HealthFindings findings, CancellationToken cancellationToken)
    {
        var database = await conductor.GetDatabaseInfoAsync(cancellationToken).ConfigureAwait(false);
        findings.Data["schemaVersion"] = database.SchemaVersion ?? -1;
        if (database.SchemaVersion is not { } version)
        {
            findings.Failed("the schema is not installed: run `pgconductor migrate`");
            return;
        }

        if (version < database.LibrarySchemaVersion)
        {
            findings.Failed(string.Create(CultureInfo.InvariantCulture, $"the schema is at version {version}, and this library needs {database.LibrarySchemaVersion}: run `pgconductor migrate`"));
            return;
        }

        if (options.MaxLag is not { } longest)
        {
            return;
        }

        var lags = await conductor.GetQueueLagAsync(options.Queues ?? orchestrator?.Queues, cancellationToken).ConfigureAwait(false);
        foreach (var (queue, due) in lags)
        {
            findings.Data[$"lag.{queue}"] = due;
            if (due > longest)
            {
                findings.Degraded($"the oldest execution of queue \"{queue}\" has been due for {due:g}, longer than {longest:g}");
            }
        }
    }
}
