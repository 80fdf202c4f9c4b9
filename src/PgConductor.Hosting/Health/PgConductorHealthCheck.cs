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
        var schema = await conductor.GetSchemaAsync(cancellationToken).ConfigureAwait(false);
        findings.Data["schemaVersion"] = schema.Installed;
        if (schema.Installed < schema.Required)
        {
            findings.Failed(schema.Installed < 0
                ? "the schema is not installed: run `pgconductor migrate`"
                : string.Create(CultureInfo.InvariantCulture, $"the schema is at version {schema.Installed}, and this library needs {schema.Required}: run `pgconductor migrate`"));
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
